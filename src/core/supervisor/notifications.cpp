#include "devstack/base/signal_name.hpp"
#include "devstack/core/supervisor/supervisor.hpp"

#include <algorithm>
#include <system_error>

// What services say of themselves (sd_notify(3)). Words of a run that is over are late news, like
// every other fact.

namespace devstack::core {

void Supervisor::on(const Notified& fact) {
    const ServiceId id = fact.run.service;
    const bool is_current = run_of(phase(id)) == fact.run && pid_of(phase(id)) != 0 &&
                            !std::holds_alternative<Preparing>(phase(id));
    if (!is_current) return;
    const Notification& what = fact.what;
    note_words(fact.run, what);
    if (what.extension) extend_timeout(id, now_ + *what.extension);
    if (what.is_stopping) return stops_by_itself(fact.run);
    if (what.is_reloading && !std::exchange(at(id).said.is_reloading, true)) {
        notice(fact.run, Noticed::Kind::said, "has said that it reloads");
    }
    if (what.is_ready) said_ready(fact.run);
    if (what.is_in_trouble) return watchdog_failed(fact.run, "it has asked its watchdog for help");
    if (what.is_alive || what.watchdog) watchdog_heard(fact.run);
}

void Supervisor::note_words(RunId run, const Notification& what) {
    Said& said = at(run.service).said;
    if (what.status && *what.status != said.status) {
        said.status = *what.status;
        touch(run.service);
    }
    if (what.watchdog && what.watchdog != said.watchdog) {
        said.watchdog = what.watchdog;
        touch(run.service);
    }
    if (what.error && *what.error != 0) {
        notice(run,
               Noticed::Kind::said,
               "has said that it failed: " + std::generic_category().message(*what.error) +
                   " (errno " + std::to_string(*what.error) + ")");
    }
    if (what.hands_over && !std::exchange(said.was_refused, true)) {
        notice(run,
               Noticed::Kind::said,
               "wants devstack to keep descriptors for it (FDSTORE=1): that is not supported, they "
               "are closed");
    }
    const int pid = pid_of(phase(run.service));
    if (what.main_pid && *what.main_pid != pid && !std::exchange(said.was_corrected, true)) {
        notice(run,
               Noticed::Kind::said,
               "has said that its main process is pid " + std::to_string(*what.main_pid) +
                   ": devstack goes by the one that it has started, pid " + std::to_string(pid));
    }
}

void Supervisor::extend_timeout(ServiceId id, TimePoint until) {
    auto* starting = std::get_if<Starting>(&at(id).phase);
    auto* stopping = std::get_if<Stopping>(&at(id).phase);
    if (starting != nullptr) starting->deadline = std::max(starting->deadline, until);
    if (stopping != nullptr && !stopping->is_killed) {
        stopping->deadline = std::max(stopping->deadline, until);
    }
    touch(id);
}

void Supervisor::said_ready(RunId run) {
    const auto& sign = spec(run.service).ready_sign;
    const bool counts = sign && std::holds_alternative<NotifySign>(*sign);
    if (const auto* starting = phase_if<Starting>(run); starting != nullptr && counts) {
        return become_ready(run.service, Starting{*starting}, "has said that it is ready");
    }
    if (!std::exchange(at(run.service).said.is_reloading, false)) return;
    notice(run, Noticed::Kind::said, "has said that it is ready again");
}

/// It needs no signal, but it has only so long as if it had got one.
void Supervisor::stops_by_itself(RunId run) {
    const ServiceId id = run.service;
    if (std::holds_alternative<Stopping>(phase(id))) return;
    Stopping stopping;
    stopping.run = run;
    stopping.pid = stopping.group = pid_of(phase(id));
    stopping.since = now_;
    stopping.deadline = now_ + spec(id).stop_timeout;
    stopping.then = Stopping::Then::decide;
    stopping.why = "has said that it stops";
    enter(id, stopping, stopping.why);
}

// ---- Watchdog ----------------------------------------------------------------------------------

/// When the service has to be heard again; empty for one without a watchdog.
std::optional<TimePoint> Supervisor::next_watchdog(ServiceId id) const {
    const Duration interval = at(id).said.watchdog.value_or(spec(id).watchdog);
    if (interval == Duration::zero()) return std::nullopt;
    return now_ + interval;
}

void Supervisor::watchdog_heard(RunId run) {
    if (auto* ready = phase_if<Ready>(run)) {
        ready->watchdog = next_watchdog(run.service);
        return;
    }
    const auto* unhealthy = phase_if<Unhealthy>(run);
    const bool is_left_alone = spec(run.service).restart.mode == RestartMode::no;
    if (unhealthy == nullptr || !unhealthy->is_watchdog || !is_left_alone) return;
    Ready ready{run, unhealthy->pid, unhealthy->since, std::nullopt, 0, ""};
    if (spec(run.service).health) ready.next_probe = now_ + spec(run.service).health->interval;
    ready.watchdog = next_watchdog(run.service);
    enter(run.service, ready, "its watchdog hears it again");
}

void Supervisor::watchdog_failed(RunId run, const std::string& why) {
    const auto* ready = phase_if<Ready>(run);
    if (ready == nullptr) return;
    Unhealthy unhealthy{run, ready->pid, ready->since, std::nullopt, why};
    unhealthy.is_watchdog = true;
    enter(run.service, unhealthy, why);
    if (spec(run.service).restart.mode != RestartMode::no) collect_evidence(run);
}

}  // namespace devstack::core
