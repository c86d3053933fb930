#include "devstack/core/doctor/facts_json.hpp"
#include "devstack/diagnosis/collect_facts.hpp"

#include "cli/commands.hpp"
#include "cli/find_project.hpp"
#include "cli/last_lines.hpp"
#include "cli/service_names.hpp"
#include "cli/status_view.hpp"
#include "cli/why_view.hpp"

#include <unistd.h>

namespace devstack::cli {

namespace {

namespace api = core::api;

constexpr std::size_t events_shown = 5;
constexpr std::size_t lines_shown = 5;
/// Who asks why wants to know at once; `devstack doctor` takes the time that it needs.
constexpr Duration diagnosis_limit = std::chrono::milliseconds{1200};

std::vector<api::EventMessage> last_events(client::Connection& connection,
                                           const std::string& service) {
    api::EventRequest request;
    request.tail = events_shown;
    request.services = {service};
    const auto answer = client::fetch_events(connection, request);
    return answer ? answer->events : std::vector<api::EventMessage>{};
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
    if (service.finding) return render_cause(*service.finding);
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
    const Result<api::StateMessage> state = fetch_state(*project, {true});
    if (!state) return fail(state.error());
    if (const auto unknown = find_unknown({options.service}, names_of(*state))) {
        complain(*unknown);
        return exit_no_such_service;
    }
    const api::ServiceState& service = *find_service(*state, options.service);
    const auto events = last_events(project->connection, options.service);
    if (options.json) return print(render_json(service, events)) ? exit_done : exit_failed;

    const Terminal terminal = examine_terminal(STDOUT_FILENO, common.colour);
    WhyView view{service, *state};
    view.cause = find_cause(service, project->place);
    view.events = events;
    if (service.phase != "ready") {
        view.last_lines =
            render_last_lines(project->place.paths, service.name, lines_shown, terminal);
    }
    const std::string text = render_why(view, terminal.has_colour);
    return print(text) ? exit_done : exit_failed;
}

}  // namespace devstack::cli
