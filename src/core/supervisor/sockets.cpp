#include "devstack/core/limits.hpp"
#include "devstack/core/supervisor/supervisor.hpp"

// Services whose listening sockets are held for them: open from before the first run until nobody
// will come any more. One that is on demand is not spawned before somebody has connected.

namespace devstack::core {

void Supervisor::ports_are_free(RunId run, const std::string& why) {
    if (!spec(run.service).has_sockets()) return spawn(run, why);
    Starting starting{run, Starting::Step::opening_sockets};
    starting.since = now_;
    if (std::holds_alternative<Blocked>(phase(run.service))) {
        enter(run.service, starting, why);
    } else {
        at(run.service).phase = starting;
        touch(run.service);
    }
    act(OpenSockets{run});
}

void Supervisor::await_connection(ServiceId id) {
    act(AwaitConnection{id});
    enter(id, Waiting{}, "starts at the first connection to " + describe_sockets(id));
}

void Supervisor::on(const SocketsOpened& fact) {
    const auto* starting = phase_if<Starting>(fact.run);
    if (starting == nullptr || starting->step != Starting::Step::opening_sockets) return;
    const ServiceId id = fact.run.service;
    if (spec(id).on_demand && !at(id).is_called) return await_connection(id);
    spawn(fact.run, "");
}

void Supervisor::on(const ConnectionMade& fact) {
    const ServiceId id = fact.service;
    if (!waits_for_connection(id)) return;
    at(id).is_called = true;
    if (const auto unmet = first_unmet_need(id)) {
        return enter(id, Waiting{*unmet}, describe_wait(*unmet));
    }
    scan_ports(id, fact.what);
}

/// It was started by a connection and has ended well: the next one starts it again.
void Supervisor::work_done(ServiceId id, const std::string& why) {
    at(id).is_called = false;
    const RunEnd end = at(id).last_end.value_or(RunEnd{});
    const bool is_brief = end.ended_at - end.spawned_at < limits::on_demand_age_min;
    if (is_brief && spec(id).restart.mode != RestartMode::no) {
        back_off(id, why);
    } else {
        enter(id, Stopped{}, why);
    }
}

/// Who connects is better refused than left to wait for a service that does not come.
void Supervisor::close_sockets(ServiceId id) {
    if (spec(id).has_sockets()) act(CloseSockets{id});
}

bool Supervisor::waits_for_connection(ServiceId id) const {
    const auto* waiting = std::get_if<Waiting>(&phase(id));
    return waiting != nullptr && !waiting->need;
}

/// "port 3000", "port 3000 or 3001".
std::string Supervisor::describe_sockets(ServiceId id) const {
    std::string text;
    for (const DeclaredPort& port : spec(id).ports) {
        if (port.is_socket()) text += (text.empty() ? "port " : " or ") + to_string(port.port);
    }
    return text;
}

}  // namespace devstack::core
