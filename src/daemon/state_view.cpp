#include "daemon/state_view.hpp"

#include "devstack/base/match.hpp"
#include "devstack/base/shown_path.hpp"
#include "devstack/core/plan/secrets.hpp"

namespace devstack::daemon {

namespace {

using core::api::HealthState;

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

std::string probe_of(const core::ServicePlan& plan) {
    if (plan.health) return core::describe(plan.health->probe);
    if (plan.ready) return core::describe(plan.ready->probe);
    if (plan.ready_sign) return core::describe(*plan.ready_sign);
    if (const core::DeclaredPort* port = plan.first_own_port()) {
        return core::describe(core::TcpProbe{"localhost", port->port});
    }
    return "";
}

HealthState make_health(const core::ServicePlan& plan, const core::Phase& phase) {
    HealthState health;
    health.probe = probe_of(plan);
    if (health.probe.empty()) return health;
    health.status = "unknown";
    if (const auto* starting = std::get_if<core::Starting>(&phase)) {
        health.last_answer = starting->last_answer;
    } else if (const auto* ready = std::get_if<core::Ready>(&phase)) {
        health.status = "healthy";
        health.last_answer = ready->last_answer;
        health.failures = ready->failures;
    } else if (const auto* unhealthy = std::get_if<core::Unhealthy>(&phase)) {
        health.status = "unhealthy";
        health.last_answer = unhealthy->last_answer;
        health.failures = plan.health ? plan.health->retries : 0;
    }
    return health;
}

/// When the process of this phase was spawned.
std::optional<TimePoint> spawned_at(const core::Phase& phase) {
    if (const auto* starting = std::get_if<core::Starting>(&phase)) {
        if (starting->pid != 0) return starting->since;
    }
    if (const auto* ready = std::get_if<core::Ready>(&phase)) return ready->since;
    if (const auto* unhealthy = std::get_if<core::Unhealthy>(&phase)) return unhealthy->since;
    return std::nullopt;
}

core::api::ServiceState make_brief_state(const core::Supervisor& supervisor,
                                         core::ServiceId service,
                                         const core::ServiceSnapshot& snapshot,
                                         const Instant& instant) {
    const core::ServicePlan& plan = supervisor.settings(service);
    core::api::ServiceState state;
    state.name = plan.name;
    state.phase = core::name_of(snapshot.phase);
    state.why = snapshot.why;
    state.says = snapshot.said;
    const auto* waiting = std::get_if<core::Waiting>(&snapshot.phase);
    state.awaits_connection = waiting != nullptr && !waiting->need;
    state.is_wanted = snapshot.is_wanted;
    state.pid = core::pid_of(snapshot.phase);
    if (const auto spawned = spawned_at(snapshot.phase)) {
        state.uptime_seconds = seconds(instant.now - *spawned);
    }
    state.restarts = snapshot.restarts;
    for (const core::DeclaredPort& port : plan.ports) {
        state.ports.push_back({port.name, port.port.number});
    }
    state.health = make_health(plan, snapshot.phase);
    state.differences = snapshot.differences;
    state.watch_suspended = snapshot.watch_suspended;
    for (std::string* text : {&state.why, &state.health.last_answer, &state.health.probe}) {
        *text = core::hide_secrets(std::move(*text), supervisor.plan().secrets);
    }
    return state;
}

}  // namespace

core::api::ServiceState make_brief_service_state(const core::Supervisor& supervisor,
                                                 core::ServiceId service,
                                                 const Instant& instant) {
    return make_brief_state(supervisor, service, supervisor.snapshot(service), instant);
}

core::api::ServiceState make_service_state(const core::Supervisor& supervisor,
                                           core::ServiceId service,
                                           const Instant& instant,
                                           const project::ProjectPaths& paths) {
    const core::ServicePlan& plan = supervisor.settings(service);
    const core::ServiceSnapshot snapshot = supervisor.snapshot(service);
    core::api::ServiceState state = make_brief_state(supervisor, service, snapshot, instant);
    state.kind = plan.kind == core::ServiceKind::task ? "task" : "service";
    state.since = render_timestamp(instant.wall_of(snapshot.since));
    state.phase_seconds = seconds(instant.now - snapshot.since);
    state.run = snapshot.run;
    if (snapshot.last_exit && !snapshot.last_exit->is_unknown) {
        state.last_exit =
            core::api::ExitState{snapshot.last_exit->code, snapshot.last_exit->signal};
    }
    state.url = plan.url;
    for (const core::Need& need : plan.needs) {
        state.needs.push_back(supervisor.plan().services[need.service.index].name);
    }
    for (const std::string& glob : plan.watch)
        state.watch.push_back(shown_path(glob, paths.project_dir));
    state.log_file = paths.log_dir + "/" + plan.name + ".log";
    return state;
}

core::api::EventMessage make_event_message(const core::Plan& plan,
                                           const core::Event& event,
                                           const Instant& instant) {
    core::api::EventMessage message;
    message.time = render_timestamp(instant.wall);
    match(
        event,
        [&](const core::PhaseChanged& it) {
            message.kind = "phase";
            message.service = plan.services[it.service.index].name;
            message.run = it.run;
            message.from = it.from;
            message.to = it.to;
            message.why = it.why;
        },
        [&](const core::Noticed& it) {
            message.kind = "notice";
            message.service = plan.services[it.service.index].name;
            message.run = it.run;
            message.why = it.what;
        },
        [&](const core::ProjectChanged& it) {
            message.kind = "project";
            message.to = it.to;
            message.why = it.why;
        });
    return message;
}

}  // namespace devstack::daemon
