#include "devstack/base/signal_name.hpp"
#include "devstack/base/text.hpp"
#include "devstack/cli/event_view.hpp"
#include "devstack/core/doctor/facts_json.hpp"
#include "devstack/diagnosis/collect_facts.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/platform/terminal.hpp"

#include "cli/commands.hpp"
#include "cli/find_project.hpp"
#include "cli/last_lines.hpp"
#include "cli/service_names.hpp"
#include "cli/status_view.hpp"

#include <unistd.h>

namespace devstack::cli {

namespace {

namespace api = core::api;

constexpr std::size_t events_shown = 5;
constexpr std::size_t lines_shown = 5;
/// Who asks why wants to know at once; `devstack doctor` takes the time that it needs.
constexpr Duration diagnosis_limit = std::chrono::milliseconds{1200};

class Facts {
public:
    void add(const std::string& name, const std::string& text) {
        if (!text.empty()) text_ += "  " + pad(name, 12) + text + "\n";
    }
    const std::string& text() const { return text_; }

private:
    std::string text_;
};

std::string render_process(const api::ServiceState& service) {
    if (service.pid == 0) return "none";
    std::string text = "pid " + std::to_string(service.pid) + ", run " +
                       std::to_string(service.run) + ", up " +
                       render_seconds(service.uptime_seconds);
    if (service.usage) {
        text += ", " + render_bytes(service.usage->memory_bytes) + " in " +
                count_of(static_cast<std::size_t>(service.usage->processes), "process");
    }
    return text;
}

std::string render_exit(const std::optional<api::ExitState>& exit) {
    if (!exit) return "";
    return exit->signal != 0 ? "killed by " + signal_name(exit->signal)
                             : "exited with code " + std::to_string(exit->code);
}

std::string render_probe(const api::HealthState& health) {
    if (health.status == "none") return "";
    std::string text = render_health(health);
    if (!health.probe.empty()) text += ": " + sane_text(health.probe);
    if (!health.last_answer.empty()) text += " -> " + sane_text(health.last_answer);
    return text;
}

std::string render_needs(const api::ServiceState& service, const api::StateMessage& state) {
    std::vector<std::string> needs;
    for (const std::string& name : service.needs) {
        const api::ServiceState* const need = find_service(state, name);
        needs.push_back(name + " (" + (need == nullptr ? "unknown" : need->phase) + ")");
    }
    return join(needs, ", ");
}

std::string render_facts(const api::ServiceState& service, const api::StateMessage& state) {
    const WallTime now = platform::wall_now();
    Facts facts;
    if (const auto since = parse_timestamp(service.since, now)) {
        facts.add("since",
                  platform::render_local_clock(*since, now) + " (" +
                      render_seconds(service.phase_seconds) + " ago)");
    }
    facts.add("wanted", service.is_wanted ? "yes" : "no");
    facts.add("process", render_process(service));
    facts.add("restarts", std::to_string(service.restarts));
    facts.add("last exit", render_exit(service.last_exit));
    facts.add("health", render_probe(service.health));
    facts.add("ports", render_ports(service));
    for (const std::string& difference : service.differences) {
        facts.add("but", sane_text(difference));
    }
    facts.add("but", sane_text(render_stale(service)));
    facts.add("needs", render_needs(service, state));
    facts.add("watches", sane_text(join(service.watch, ", ")));
    facts.add("but", sane_text(service.watch_suspended));
    facts.add("url", sane_text(service.url));
    facts.add("log", service.log_file);
    return facts.text();
}

std::vector<api::EventMessage> last_events(client::Connection& connection,
                                           const std::string& service) {
    api::EventRequest request;
    request.tail = events_shown;
    request.services = {service};
    const auto answer = client::fetch_events(connection, request);
    return answer ? answer->events : std::vector<api::EventMessage>{};
}

/// "api is backing-off: exited with code 3".
std::string render_sentence(const api::ServiceState& service, const Terminal& terminal) {
    std::string text = paint(service.name, Style::bold, terminal.has_colour) + " is " +
                       paint(service.phase, style_of_phase(service.phase), terminal.has_colour);
    const std::string reason = reason_of(service);
    return reason.empty() ? text : text + ": " + reason;
}

std::string render_json(const api::ServiceState& service,
                        const std::vector<api::EventMessage>& events) {
    std::string text = "{\"service\":" + api::to_text(service) + ",\"events\":[";
    for (std::size_t i = 0; i < events.size(); ++i) {
        text += (i == 0 ? "" : ",") + api::to_text(events[i]);
    }
    return text + "]}\n";
}

/// What the doctor makes of a service that a person should look at; empty for others.
std::string find_cause(const api::ServiceState& service, const ProjectPlace& place) {
    if (service.finding) return render_cause(service.finding);
    constexpr double start_seconds = 3;  // Until then it is only young.
    const bool is_late = service.phase == "starting" && service.phase_seconds > start_seconds;
    if (!is_problem(service.phase) && !is_late) return "";
    diagnosis::Question question;
    question.directory = place.paths.project_dir;
    question.project = place.paths;
    question.subject = {"service", service.name, 0};
    question.limit = diagnosis_limit;
    const auto found = core::doctor::diagnose(diagnosis::collect_facts(question));
    const bool is_told = !found.findings.empty() &&
                         found.findings.front().strength >= core::doctor::cause_strength_min;
    return is_told ? render_cause(core::doctor::to_message(found.findings.front())) : "";
}

}  // namespace

int run_why(const Common& common, const WhyOptions& options) {
    Result<RunningProject> project = reach_project(common);
    if (!project) return fail(project.error());
    const Result<api::StateMessage> state = client::fetch_state(project->connection, true);
    if (!state) return fail(state.error());
    if (const auto unknown = find_unknown({options.service}, names_of(*state))) {
        complain(*unknown);
        return exit_no_such_service;
    }
    const api::ServiceState& service = *find_service(*state, options.service);
    const auto events = last_events(project->connection, options.service);
    if (options.json) return print(render_json(service, events)) ? exit_done : exit_failed;

    const Terminal terminal = examine_terminal(STDOUT_FILENO, common.colour);
    std::string text = render_sentence(service, terminal) + "\n";
    const std::string cause = find_cause(service, project->place);
    if (!cause.empty()) text += "cause: " + cause + "\n";
    text += render_facts(service, *state);
    if (!events.empty()) text += "\nlast events:\n";
    const EventLook look{terminal.has_colour, platform::wall_now()};
    for (const api::EventMessage& event : events)
        text += "  " + render_event(event, look) + "\n";
    if (service.phase != "ready") {
        const std::string lines =
            render_last_lines(project->place.paths, service.name, lines_shown, terminal);
        if (!lines.empty()) text += "\nlast lines of its log:\n" + lines;
    }
    return print(text) ? exit_done : exit_failed;
}

}  // namespace devstack::cli
