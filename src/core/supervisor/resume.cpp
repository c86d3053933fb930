#include "devstack/base/assert.hpp"
#include "devstack/base/match.hpp"
#include "devstack/base/text.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/core/supervisor/supervisor.hpp"

#include <algorithm>
#include <utility>

// Going on where an earlier supervisor has stopped. Decisions are recorded before they are carried
// out, so what a record says may not have been done yet: it is asked for again, which harms nothing
// if it was done. A record can not be behind the world, unless it could not be written.

namespace devstack::core {

ServiceRecord Supervisor::record(ServiceId id) const {
    const Service& service = at(id);
    return {spec(id).name,
            id,
            service.phase,
            service.why,
            service.since,
            service.is_requested,
            service.runs,
            service.restarts,
            service.delay_exponent,
            service.recent_restarts,
            service.differences,
            service.last_end ? std::optional{service.last_end->status} : std::nullopt,
            service.said.status,
            service.said.watchdog,
            service.is_called,
            service.old_settings,
            service.quick_changes,
            service.watch_suspended};
}

std::vector<ServiceId> Supervisor::take_changed() {
    std::vector<ServiceId> changed;
    for (std::size_t i = 0; i < services_.size(); ++i) {
        const bool has_changed = std::exchange(services_[i].has_changed, false);
        // An id that nothing has any more has no name either.
        if (has_changed && !spec({i}).name.empty()) changed.push_back({i});
    }
    return changed;
}

void Supervisor::on(const Resume& command) {
    is_shutting_down_ = command.is_shutting_down;
    for (const ServiceRecord& record : command.records) {
        if (const auto id = plan_.find(record.service)) restore(*id, record);
    }
    restore_settings(command);
    take_order();
    std::vector<int> pids(services_.size());
    std::vector<FoundRun> unknown;
    for (const FoundRun& found : command.found) {
        const ServiceId id = found.run.service;
        if (run_of(phase(id)) == found.run) {
            pids[id.index] = found.pid;
        } else {
            unknown.push_back(found);
        }
    }
    for (std::size_t i = 0; i < services_.size(); ++i)
        resume({i}, pids[i]);
    for (const FoundRun& found : unknown)
        adopt(found.run.service, found);
    const std::string what = command.is_on_purpose ? "devstack was replaced; "
                             : command.is_keeper_new
                                 ? "devstack's keeper had died and was started again; "
                                 : "devstack's daemon had died and was started again; ";
    out_.events.push_back(ProjectChanged{
        "resumed", what + count_of(command.found.size(), "process") + " went on without it"});
}

void Supervisor::restore(ServiceId id, const ServiceRecord& record) {
    Service& service = at(id);
    service.phase = record.phase;
    std::visit(
        [&](auto& it) {
            if constexpr (requires { it.run.service; }) it.run.service = id;
        },
        service.phase);
    service.why = record.why;
    service.since = record.since;
    service.is_requested = record.is_requested;
    service.runs = record.runs;
    service.restarts = record.restarts;
    service.delay_exponent = record.delay_exponent;
    service.recent_restarts = record.recent_restarts;
    service.differences = record.differences;
    service.said.status = record.said;
    service.said.watchdog = record.watchdog;
    service.is_called = record.is_called;
    if (record.last_exit) service.last_end = RunEnd{0, *record.last_exit, {}, {}, {}};
    if (is_alive(record.phase)) service.old_settings = record.old_settings;
    service.quick_changes = record.quick_changes;
    service.watch_suspended = record.watch_suspended;
    service.current = {pid_of(record.phase), {}, {}, record.since, {}};
}

/// What was on its way out when the earlier supervisor stopped is so still.
void Supervisor::restore_settings(const Resume& command) {
    for (const ServicePlan& old : command.old_settings) {
        const auto id = plan_.find(old.name);
        if (id && is_alive(phase(*id))) at(*id).outgoing = old;
    }
    const std::vector<ServiceId> staying = plan_.in_order();
    for (std::size_t i = 0; i < services_.size(); ++i) {
        const ServiceId id{i};
        if (std::ranges::find(staying, id) != staying.end()) continue;
        services_[i].is_leaving = is_alive(phase(id));
        services_[i].is_requested = false;
    }
}

void Supervisor::resume(ServiceId id, int pid) {
    const Phase was = phase(id);
    match(
        was,
        [&](const Stopped&) {
            if (!is_wanted(id)) close_sockets(id);
        },
        [&](const Waiting& it) { resume(it, id); },
        [&](const Blocked& it) { resume(it, id); },
        [&](const Preparing& it) { resume(it, id, pid); },
        [&](const Starting& it) { resume(it, id, pid); },
        [&](const Ready& it) { resume(it, id, pid); },
        [&](const Unhealthy& it) { resume(it, id, pid); },
        [&](const Stopping& it) { resume(it, id, pid); },
        [](const BackingOff&) {},
        [&](const Completed&) { close_sockets(id); },
        [&](const Failed&) { close_sockets(id); });
}

void Supervisor::resume(Waiting waiting, ServiceId id) {
    // The keeper has held its sockets.
    if (!waiting.need) return act(AwaitConnection{id});
    // Without one it is started by the next sweep.
    waiting.need = first_unmet_need(id).value_or(Need{});
    at(id).phase = waiting;
}

void Supervisor::resume(Blocked blocked, ServiceId id) {
    blocked.look_again = now_;
    blocked.is_freeing = false;
    at(id).phase = std::move(blocked);
}

void Supervisor::resume(Preparing preparing, ServiceId id, int pid) {
    if (preparing.step == Preparing::Step::checking) return act(CheckPrepare{preparing.run});
    if (pid == 0 && preparing.step == Preparing::Step::running) return lose(id);
    if (pid == 0) {
        if (const auto unmet = first_unmet_need(id)) {
            return enter(id, Waiting{*unmet}, describe_wait(*unmet));
        }
        return act(SpawnPrepare{preparing.run});
    }
    preparing.step = Preparing::Step::running;
    preparing.pid = pid;
    at(id).phase = preparing;
    touch(id);
}

void Supervisor::resume(Starting starting, ServiceId id, int pid) {
    if (starting.step == Starting::Step::checking_ports) return act(ScanPorts{starting.run});
    if (starting.step == Starting::Step::opening_sockets) return act(OpenSockets{starting.run});
    if (starting.step == Starting::Step::spawning) {
        // What it needs may have gone since.
        if (pid == 0) return spawn(starting.run, "");
        return spawned(starting.run, starting, pid);
    }
    if (pid == 0) return lose(id);
    starting.next_comparison = now_ + limits::listening_comparison_interval;
    arrange_readiness(id, starting, now_);
    at(id).phase = std::move(starting);
}

void Supervisor::resume(Ready ready, ServiceId id, int pid) {
    if (pid == 0) return lose(id);
    if (const auto& health = spec(id).health) {
        // Spread over the interval, so that many do not ask at once.
        const auto place = static_cast<Duration::rep>(id.index);
        const auto count = static_cast<Duration::rep>(services_.size());
        ready.next_probe = now_ + health->interval / count * place;
    }
    ready.watchdog = next_watchdog(id);
    at(id).phase = std::move(ready);
}

void Supervisor::resume(Unhealthy unhealthy, ServiceId id, int pid) {
    if (pid == 0) return lose(id);
    if (spec(id).restart.mode != RestartMode::no) return act(CollectEvidence{unhealthy.run});
    if (!unhealthy.is_watchdog) unhealthy.next_probe = now_;
    at(id).phase = std::move(unhealthy);
}

void Supervisor::resume(Stopping stopping, ServiceId id, int pid) {
    if (stopping.status) return;  // Who survives is told next.
    if (pid == 0) return finish_stop(id);
    stopping.pid = stopping.group = pid;
    if (stopping.is_killed) {
        act(ForceKill{stopping.run});
    } else {
        act(AskToStop{stopping.run, spec(id).stop_signal});
    }
    at(id).phase = std::move(stopping);
    touch(id);
}

/// A process of which no record speaks.
void Supervisor::adopt(ServiceId id, const FoundRun& found) {
    const bool is_later = !is_alive(phase(id)) && found.run.number > at(id).runs;
    if (!is_later) return act(ForceKill{found.run});
    // Without any record it is for us to say that it is wanted: it was left running.
    if (at(id).runs == 0) at(id).is_requested = true;
    at(id).runs = found.run.number;
    Starting starting{found.run, Starting::Step::spawning};
    enter(id, starting, "pid " + std::to_string(found.pid) + " was found running");
    spawned(found.run, starting, found.pid);
}

/// A record speaks of a process that is no more, and nobody has seen its end.
void Supervisor::lose(ServiceId id) {
    back_off(id, "its process has gone while nobody watched");
}

}  // namespace devstack::core
