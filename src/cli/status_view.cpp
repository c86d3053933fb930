#include "cli/status_view.hpp"

#include "devstack/base/text.hpp"
#include "devstack/base/time.hpp"
#include "devstack/cli/table.hpp"

#include "cli/service_names.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace devstack::cli {

namespace {

namespace api = core::api;

bool is_settled(const api::ServiceState& service) {
    return service.phase == "ready" || service.phase == "completed" || service.awaits_connection;
}

std::vector<Cell> make_row(const api::ServiceState& service, const Terminal& terminal) {
    const bool is_marked = is_bad(service);
    const Style style = is_marked ? style_of_phase(service.phase) : Style::plain;
    std::string name = service.name;
    if (terminal.is_terminal) name = (is_marked ? "! " : "  ") + name;
    const bool has_process = service.pid != 0;
    return {{name, is_marked ? style : Style::bold},
            {service.phase, style_of_phase(service.phase)},
            {has_process ? std::to_string(service.pid) : "", Style::plain},
            {render_ports(service), Style::plain},
            {has_process ? render_seconds(service.uptime_seconds) : "", Style::plain},
            {std::to_string(service.restarts), service.restarts > 0 ? Style::yellow : Style::dim},
            {render_health(service.health), style_of_health(service.health)},
            {service.usage ? render_percent(service.usage->cpu_percent) : "", Style::plain},
            {service.usage ? render_bytes(service.usage->memory_bytes) : "", Style::plain},
            {reason_of(service), style}};
}

struct Cause {
    std::vector<std::string> services;
    std::string text;
};

/// One cause may be that of several services.
std::vector<Cause> causes_of(const std::vector<api::ServiceState>& services) {
    std::vector<Cause> causes;
    for (const api::ServiceState& service : services) {
        if (!service.finding) continue;
        const std::string text = render_cause(*service.finding);
        const auto same = std::ranges::find(causes, text, &Cause::text);
        if (same == causes.end()) {
            causes.push_back({{service.name}, text});
        } else {
            same->services.push_back(service.name);
        }
    }
    return causes;
}

std::string render_heading(const api::StateMessage& state, const Terminal& terminal) {
    const StatusCount count = count_status(state);
    std::string text = paint(state.project, Style::bold, terminal.has_colour) + "  " + count.ready;
    if (!count.problems.empty()) {
        text += ", " + paint(count.problems, Style::red, terminal.has_colour);
    }
    return text + paint("  " + state.project_dir, Style::dim, terminal.has_colour) + "\n\n";
}

}  // namespace

bool is_bad(const api::ServiceState& service) {
    return is_problem(service.phase) && (service.is_wanted || service.phase == "failed");
}

std::string render_percent(double percent) {
    char text[32];
    std::snprintf(text, sizeof(text), percent < 10 ? "%.1f%%" : "%.0f%%", percent);
    return text;
}

std::string render_seconds(double seconds) {
    const double rounded = std::floor(std::max(seconds, 0.0));
    return render_duration(std::chrono::seconds{static_cast<long long>(rounded)});
}

std::string render_ports(const api::ServiceState& service) {
    std::vector<std::string> ports;
    for (const api::PortState& port : service.ports) {
        ports.push_back((port.name.empty() ? "" : port.name + " ") + std::to_string(port.port));
    }
    return join(ports, ", ");
}

std::string render_stale(const api::ServiceState& service) {
    if (service.stale.empty()) return "";
    return "stale: " + join(service.stale, ", ") + "; devstack reload applies it";
}

std::string render_cause(const api::FindingMessage& finding) {
    return (finding.confidence == "sure" ? "" : "probably: ") + sane_text(finding.cause);
}

Style style_of_health(const api::HealthState& health) {
    if (health.status == "unhealthy") return Style::red;
    if (health.failures > 0) return Style::yellow;
    return health.status == "healthy" ? Style::green : Style::dim;
}

std::string render_health(const api::HealthState& health) {
    if (health.status == "none") return "";
    if (health.failures == 0) return health.status;
    return health.status + " (" + count_of(static_cast<std::size_t>(health.failures), "failure") +
           ")";
}

std::vector<std::string> notes_of(const api::ServiceState& service) {
    std::vector<std::string> notes = service.differences;
    if (!service.stale.empty()) notes.push_back(service.name + " is " + render_stale(service));
    if (!service.watch_suspended.empty()) {
        notes.push_back(service.name + ": " + service.watch_suspended);
    }
    return notes;
}

StatusCount count_status(const api::StateMessage& state) {
    const std::vector<api::ServiceState>& services = state.services;
    const auto bad = static_cast<std::size_t>(std::ranges::count_if(services, is_bad));
    const auto wanted = static_cast<std::size_t>(
        std::ranges::count_if(services, [](const api::ServiceState& it) { return it.is_wanted; }));
    const auto good = static_cast<std::size_t>(std::ranges::count_if(
        services, [](const api::ServiceState& it) { return it.is_wanted && is_settled(it); }));
    return {state.status + ", " + std::to_string(good) + " of " + count_of(wanted, "service") +
                " ready",
            bad > 0 ? count_of(bad, "problem") : ""};
}

std::string render_status(const api::StateMessage& state, const Terminal& terminal) {
    Table table{{{terminal.is_terminal ? "  SERVICE" : "SERVICE"},
                 {"PHASE"},
                 {"PID", true},
                 {"PORT"},
                 {"UPTIME", true},
                 {"RESTARTS", true},
                 {"HEALTH"},
                 {"CPU", true},
                 {"MEMORY", true},
                 {"REASON"}}};
    for (const api::ServiceState& service : state.services)
        table.add_row(make_row(service, terminal));
    std::string text = terminal.is_terminal ? render_heading(state, terminal) : "";
    text += table.render(terminal);
    for (const api::ServiceState& service : state.services) {
        for (const std::string& note : notes_of(service)) {
            text += paint("note: " + sane_text(note), Style::yellow, terminal.has_colour) + "\n";
        }
    }
    for (const Cause& it : causes_of(state.services)) {
        text += paint("cause: " + join_for_people(it.services) + ": " + it.text,
                      Style::red,
                      terminal.has_colour) +
                "\n";
    }
    return text;
}

bool is_all_well(const std::vector<api::ServiceState>& services) {
    return std::ranges::all_of(
        services, [](const api::ServiceState& it) { return !it.is_wanted || is_settled(it); });
}

}  // namespace devstack::cli
