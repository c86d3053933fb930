#include "devstack/base/text.hpp"
#include "devstack/base/time.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/core/supervisor/supervisor.hpp"

#include <algorithm>
#include <utility>

// How a service gets from one phase to the next. `enter` is the only place that tells observers.

namespace devstack::core {

void Supervisor::enter(ServiceId id, Phase next, const std::string& why) {
    Service& service = at(id);
    const std::optional<RunId> run = run_of(next) ? run_of(next) : run_of(service.phase);
    out_.events.push_back(PhaseChanged{id,
                                       run ? run->number : 0,
                                       std::string{name_of(service.phase)},
                                       std::string{name_of(next)},
                                       why});
    service.phase = std::move(next);
    if (!is_alive(service.phase)) {
        // Whatever comes next goes by the plan.
        service.old_settings = 0;
        if (std::exchange(service.outgoing, std::nullopt)) take_dependents();
    }
    service.why = why;
    service.since = now_;
    service.has_changed = true;
    const bool is_over = std::holds_alternative<Failed>(service.phase) ||
                         std::holds_alternative<Completed>(service.phase) ||
                         (std::holds_alternative<Stopped>(service.phase) && !is_wanted(id));
    if (is_over) close_sockets(id);
}

void Supervisor::notice(RunId run, Noticed::Kind kind, std::string what) {
    out_.events.push_back(Noticed{run.service, run.number, kind, std::move(what)});
    touch(run.service);
}

// ---- Up ----------------------------------------------------------------------------------------

void Supervisor::begin_start(ServiceId id, const std::string& why) {
    at(id).differences.clear();
    if (!spec(id).prepare) return scan_ports(id, why);
    const RunId run = next_run(id);
    enter(id, Preparing{run}, why);
    act(CheckPrepare{run});
}

void Supervisor::scan_ports(ServiceId id, const std::string& why) {
    const RunId run = next_run(id);
    Starting starting{run};
    starting.since = now_;
    enter(id, starting, why);
    if (spec(id).ports.empty()) return spawn(run, "");
    act(ScanPorts{run});
}

/// From `starting` or, with a reason, from `blocked`. What it needs may have gone while its ports
/// were looked at.
void Supervisor::spawn(RunId run, const std::string& why) {
    if (const auto unmet = first_unmet_need(run.service)) {
        return enter(run.service, Waiting{*unmet}, describe_wait(*unmet));
    }
    Starting starting{run, Starting::Step::spawning};
    starting.since = now_;
    at(run.service).said = {};
    if (std::holds_alternative<Blocked>(phase(run.service))) {
        enter(run.service, starting, why);
    } else {
        at(run.service).phase = starting;
        touch(run.service);
    }
    act(SpawnProcess{run});
}

void Supervisor::block(ServiceId id, const PortsScanned& fact, TimePoint since, bool is_freeing) {
    const auto is_teardown = [](const PortHolder& it) { return it.is_teardown; };
    const bool is_brief = std::ranges::all_of(fact.holders, is_teardown) &&
                          now_ - since < limits::ownerless_port_wait;
    const auto may_free = [this](const PortHolder& it) {
        return it.service.empty() && it.pid != 0 &&
               (plan_.frees_ports || (it.is_leftover && plan_.mode == Mode::development));
    };
    Blocked blocked{fact.run, fact.holders, std::nullopt, since, is_freeing};
    const Duration pause = is_brief ? Duration{limits::ownerless_port_interval}
                                    : Duration{limits::blocked_port_interval};
    blocked.look_again = now_ + pause;
    if (!is_freeing && std::ranges::any_of(fact.holders, may_free)) {
        blocked.is_freeing = true;
        act(FreePorts{fact.run});
    }
    std::string why = describe(fact.holders.front());
    if (blocked.is_freeing) why += "; it is being stopped";
    const bool is_news = !std::holds_alternative<Blocked>(phase(id)) || at(id).why != why;
    if (is_news) return enter(id, blocked, why);
    if (std::get<Blocked>(phase(id)).holders != blocked.holders) touch(id);
    at(id).phase = blocked;
}

void Supervisor::prepare_ended(RunId run, ExitStatus status) {
    const ServiceId id = run.service;
    if (is_success(id, status)) {
        act(RecordPrepared{run});
        return scan_ports(id, "its prepare step has succeeded");
    }
    const std::string why =
        "its prepare step (" + spec(id).prepare->command.text() + ") " + describe(status);
    record_end(run,
               why,
               spec(id).restart.gives_up ? give_up(id, why, "a prepare step is not tried again")
                                         : back_off(id, why));
}

void Supervisor::become_ready(ServiceId id, const Starting& starting, const std::string& why) {
    Ready ready{starting.run, starting.pid, starting.since, std::nullopt, 0, why};
    if (spec(id).health) ready.next_probe = now_ + spec(id).health->interval;
    ready.watchdog = next_watchdog(id);
    enter(id, ready, why);
    if (!spec(id).ports.empty()) act(CompareListening{starting.run});
}

// ---- Down --------------------------------------------------------------------------------------

/// `signal`: 0 for the one that the service asks for.
void Supervisor::begin_stop(ServiceId id,
                            Stopping::Then then,
                            const std::string& why,
                            SignalNumber signal) {
    if (auto* already = std::get_if<Stopping>(&at(id).phase)) {
        already->then = then;
        touch(id);
        return;
    }
    Stopping stopping;
    stopping.run = *run_of(phase(id));
    stopping.pid = stopping.group = pid_of(phase(id));
    stopping.since = now_;
    stopping.deadline = now_ + spec(id).stop_timeout;
    stopping.then = then;
    stopping.why = why;
    stopping.is_unplanned = then == Stopping::Then::retry;
    if (signal == 0) signal = spec(id).stop_signal;
    if (stopping.pid != 0) act(AskToStop{stopping.run, signal});
    enter(id, stopping, why);
}

static std::string describe_what_is_left(const Stopping& stopping) {
    std::vector<std::string> left;
    if (stopping.pid != 0) left.push_back("pid " + std::to_string(stopping.pid));
    for (const Survivor& it : stopping.survivors) {
        left.push_back("pid " + std::to_string(it.pid) + " (" + it.command + ")");
    }
    return join_for_people(left);
}

/// SIGKILL now, and again after a while for as long as something is left.
void Supervisor::force(ServiceId id) {
    if (!std::holds_alternative<Stopping>(phase(id))) {
        begin_stop(id, Stopping::Then::rest, "told to end at once");
    }
    auto& stopping = std::get<Stopping>(at(id).phase);
    if (!stopping.is_killed && (stopping.pid != 0 || !stopping.survivors.empty())) {
        notice(stopping.run,
               Noticed::Kind::survivors,
               "SIGKILL to what is left: " + describe_what_is_left(stopping));
    }
    stopping.is_killed = true;
    stopping.deadline = now_ + limits::kill_again_after;
    touch(id);
    if (stopping.pid != 0 || stopping.status) act(ForceKill{stopping.run});
}

/// The service's own process has ended and nobody had told it to.
void Supervisor::leader_ended(ServiceId id, const Exited& fact) {
    const auto* ready = std::get_if<Ready>(&phase(id));
    if (ready != nullptr && now_ - at(id).since >= limits::recovered_after) {
        at(id).delay_exponent = 0;
    }
    const auto* unhealthy = std::get_if<Unhealthy>(&phase(id));
    if (unhealthy != nullptr && spec(id).restart.mode != RestartMode::no) {
        // It was to be restarted, however it ends: by the signal that asked it for a dump, say.
        const std::string why =
            "was unhealthy: " + unhealthy->last_answer + "; " + describe_end(id, fact.status);
        if (!fact.survivors.empty()) return end_survivors(fact, Stopping::Then::retry, why);
        return record_end(fact.run, why, back_off(id, why));
    }
    if (!fact.survivors.empty()) return end_survivors(fact, Stopping::Then::decide);
    const std::string why = describe_end(id, fact.status);
    // A shell that finds no such command, or may not execute it, will not find it next time either.
    const bool is_hopeless = spec(id).command.is_shell() && fact.status.signal == 0 &&
                             (fact.status.code == 126 || fact.status.code == 127);
    if (is_hopeless && std::holds_alternative<Starting>(phase(id))) {
        return record_end(fact.run, why, give_up(id, why, "another try would end the same way"));
    }
    decide_after_end(id, fact.status, why);
}

/// A shell reports in its exit code what happened to the command it ran (POSIX, XCU 2.8.2).
std::string Supervisor::describe_end(ServiceId id, ExitStatus status) const {
    const std::string text = describe_status(id, status);
    const auto& end = at(id).last_end;
    const bool has_cause = end && end->status == status && !end->cause.empty();
    return has_cause ? text + " (" + end->cause + ")" : text;
}

std::string Supervisor::describe_status(ServiceId id, ExitStatus status) const {
    std::string text = describe(status);
    if (!spec(id).command.is_shell() || status.signal != 0) return text;
    if (status.code == 126) return text + " (the shell may not execute it)";
    // ld.so(8) ends so too.
    if (status.code == 127) {
        return text + " (the shell found no such command, or the loader no library of it)";
    }
    constexpr int signal_base = 128;
    constexpr int signal_last = signal_base + 64;
    if (status.code <= signal_base || status.code > signal_last) return text;
    return text + " (its command " + describe(ExitStatus{0, status.code - signal_base}) + ")";
}

/// The leader is gone and has left processes behind: they end before anything else happens.
void Supervisor::end_survivors(const Exited& fact, Stopping::Then then, const std::string& why) {
    const ServiceId id = fact.run.service;
    Stopping stopping;
    stopping.run = fact.run;
    stopping.group = pid_of(phase(id));
    stopping.since = now_;
    stopping.deadline = now_ + spec(id).stop_timeout;
    stopping.then = then;
    stopping.status = fact.status;
    stopping.survivors = fact.survivors;
    stopping.why = (why.empty() ? describe_end(id, fact.status) : why) + " and left " +
                   count_of(fact.survivors.size(), "process") + " behind (pid " +
                   std::to_string(fact.survivors.front().pid) + ", " +
                   fact.survivors.front().command + ")";
    stopping.is_unplanned = !is_success(id, fact.status);
    act(AskToStop{fact.run, spec(id).stop_signal, AskToStop::Scope::group});
    act(AskToStop{fact.run, spec(id).stop_signal, AskToStop::Scope::strays});
    enter(id, stopping, stopping.why);
}

/// No process of the run is left. Before it is called stopped nobody of ours may listen on its
/// ports: who has hidden from all else that a run is known by is found by that.
void Supervisor::finish_stop(ServiceId id) {
    auto& ports = std::get<Stopping>(at(id).phase).ports;
    const bool is_over = std::get<Stopping>(phase(id)).then == Stopping::Then::rest;
    // What the keeper holds is nobody's fault.
    const bool has_own_ports =
        std::ranges::any_of(spec(id).ports, [](const DeclaredPort& it) { return !it.is_socket(); });
    if (is_over && ports != Stopping::Ports::free && has_own_ports) {
        ports = Stopping::Ports::asked;
        return act(ScanPorts{std::get<Stopping>(phase(id)).run});
    }
    const Stopping stopping = std::get<Stopping>(phase(id));
    switch (stopping.then) {
        case Stopping::Then::rest:
            if (stopping.is_unplanned) record_end(stopping.run, stopping.why, "asked to stop");
            return enter(
                id,
                Stopped{},
                stopping.status ? stopping.why + "; " + describe(*stopping.status) : stopping.why);
        case Stopping::Then::restart:
            if (stopping.is_unplanned) record_end(stopping.run, stopping.why, "asked to restart");
            restart_those_bound_to(id);
            return enter(id, Stopped{}, "has ended, and is started again: " + stopping.why);
        case Stopping::Then::retry:
            return record_end(stopping.run, stopping.why, back_off(id, stopping.why));
        case Stopping::Then::decide:
            return decide_after_end(id, stopping.status.value_or(ExitStatus{}), stopping.why);
        case Stopping::Then::go_on:
            return prepare_ended(stopping.run, stopping.status.value_or(ExitStatus{}));
    }
}

void Supervisor::ports_looked_at(Stopping& stopping, std::vector<PortHolder> holders) {
    const ServiceId id = stopping.run.service;
    // Strangers may have what is nobody's any more.
    std::erase_if(holders, [](const PortHolder& it) { return !it.is_leftover; });
    // Not of an earlier run, but of this one.
    for (PortHolder& holder : holders)
        holder.is_leftover = false;
    if (holders.empty() || stopping.then != Stopping::Then::rest) {
        stopping.ports = Stopping::Ports::free;
        return finish_stop(id);
    }
    stopping.ports = Stopping::Ports::held;
    stopping.deadline = now_ + limits::blocked_port_interval;
    touch(id);
    if (stopping.holders == holders) return;
    stopping.holders = std::move(holders);
    act(FreePorts{stopping.run});
    notice(stopping.run,
           Noticed::Kind::survivors,
           describe(stopping.holders.front()) + ", which it has left behind; it is being stopped");
}

void Supervisor::decide_after_end(ServiceId id, ExitStatus status, const std::string& why) {
    const RestartMode mode = spec(id).restart.mode;
    if (is_success(id, status)) {
        if (spec(id).on_demand) return work_done(id, why);
        if (mode == RestartMode::always) {
            back_off(id, why);
        } else {
            enter(id, Completed{status}, why);
        }
        return;
    }
    const RunId run = *run_of(phase(id));
    if (is_shutting_down_) {
        // Its turn to stop would have come. Who dies with the keeper has been told to.
        if (!status.is_unknown) record_end(run, why, "everything is being stopped");
        return enter(id, Stopped{}, why);
    }
    record_end(run, why, back_off(id, why));
}

/// Its run has ended and nobody wanted that. Says what comes of it.
std::string Supervisor::back_off(ServiceId id, const std::string& why) {
    Service& service = at(id);
    const RestartPolicy& policy = spec(id).restart;
    auto& recent = service.recent_restarts;
    std::erase_if(recent, [&](TimePoint at) { return at + policy.window <= now_; });
    const bool is_over_budget = std::ssize(recent) >= policy.max;
    if (policy.mode == RestartMode::no) {
        return give_up(id, why, "its restart policy is \"no\"");
    }
    if (is_over_budget && policy.gives_up) {
        const std::string decision = "given up after " + count_of(recent.size(), "restart") +
                                     " within " + render_duration(policy.window);
        return give_up(id, why + "; " + decision, decision);
    }
    if (!is_over_budget) recent.push_back(now_);
    const Duration delay = is_over_budget ? policy.max_delay : next_delay(id);
    ++service.restarts;
    restart_those_bound_to(id);
    enter(id, BackingOff{now_ + delay, delay, is_over_budget, why}, why);
    return describe_restart(std::get<BackingOff>(phase(id)), service.restarts);
}

std::string Supervisor::give_up(ServiceId id, const std::string& why, const std::string& decision) {
    enter(id, Failed{why}, why);
    return decision;
}

void Supervisor::record_end(RunId run, const std::string& why, const std::string& decision) {
    act(WriteCrashRecord{run, at(run.service).last_end.value_or(RunEnd{}), why, decision});
}

/// Doubles from restart to restart up to the cap, ±10 % so that many do not march in step.
Duration Supervisor::next_delay(ServiceId id) {
    Service& service = at(id);
    const RestartPolicy& policy = spec(id).restart;
    Duration delay = std::min(policy.delay, policy.max_delay);
    for (int i = 0; i < service.delay_exponent && delay < policy.max_delay; ++i)
        delay *= 2;
    delay = std::min(delay, policy.max_delay);
    ++service.delay_exponent;
    const auto span = static_cast<std::uint64_t>(delay.count() / 5);
    if (span == 0) return delay;
    return delay - Duration{static_cast<Duration::rep>(span / 2)} +
           Duration{static_cast<Duration::rep>(random_() % (span + 1))};
}

void Supervisor::restart_those_bound_to(ServiceId id) {
    for (std::size_t i = 0; i < services_.size(); ++i) {
        const ServiceId other{i};
        const auto& bound = spec(other).restart_with;
        if (std::ranges::find(bound, id) == bound.end()) continue;
        if (!is_alive(phase(other)) || !is_wanted(other)) continue;
        if (std::holds_alternative<Stopping>(phase(other))) continue;
        begin_stop(other, Stopping::Then::restart, spec(id).name + " is restarted");
    }
}

bool Supervisor::is_success(ServiceId id, ExitStatus status) const {
    if (status.is_unknown) return false;
    // SIGHUP, SIGINT, SIGTERM, SIGPIPE: somebody asked it to end (systemd.service(5),
    // SuccessExitStatus).
    constexpr int clean_signals[] = {1, 2, 15, 13};
    if (status.signal != 0)
        return std::ranges::find(clean_signals, status.signal) != std::end(clean_signals);
    const auto& also = spec(id).success_exit_codes;
    return status.code == 0 || std::ranges::find(also, status.code) != also.end();
}

}  // namespace devstack::core
