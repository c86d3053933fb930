#include "cli/why_view.hpp"

#include "devstack/base/signal_name.hpp"
#include "devstack/base/text.hpp"
#include "devstack/cli/event_view.hpp"
#include "devstack/cli/terminal.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/platform/terminal.hpp"

#include "cli/service_names.hpp"
#include "cli/status_view.hpp"

namespace devstack::cli {

namespace {

namespace api = core::api;

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

/// "api is backing-off: exited with code 3".
std::string render_sentence(const api::ServiceState& service, bool has_colour) {
    std::string text = paint(service.name, Style::bold, has_colour) + " is " +
                       paint(service.phase, style_of_phase(service.phase), has_colour);
    const std::string reason = reason_of(service);
    return reason.empty() ? text : text + ": " + reason;
}

}  // namespace

std::string render_why(const WhyView& view, bool has_colour) {
    std::string text = render_sentence(view.service, has_colour) + "\n";
    if (!view.cause.empty()) text += "cause: " + sane_text(view.cause) + "\n";
    text += render_facts(view.service, view.state);
    if (!view.events.empty()) text += "\nlast events:\n";
    const EventLook look{has_colour, platform::wall_now()};
    for (const api::EventMessage& event : view.events)
        text += "  " + render_event(event, look) + "\n";
    if (!view.last_lines.empty()) text += "\nlast lines of its log:\n" + view.last_lines;
    return text;
}

}  // namespace devstack::cli
