#include "devstack/base/text.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/core/supervisor/supervisor.hpp"

#include <algorithm>

// What the world reports. A fact about another run than the current one, or one that does not fit
// the phase, is late news: it changes nothing.

namespace devstack::core {

void Supervisor::on(const TimePassed&) {}

/// Answers that are still to come are worth nothing: whoever feeds this has dropped the questions.
void Supervisor::on(const TimeLost& fact) {
    const TimePoint earliest = now_ + std::min<Duration>(fact.lost, limits::lost_time_grace_max);
    const auto move = [&](TimePoint& deadline) {
        deadline = std::max(deadline + fact.lost, earliest);
    };
    for (std::size_t i = 0; i < services_.size(); ++i) {
        const ServiceId id{i};
        if (auto* starting = std::get_if<Starting>(&services_[i].phase)) {
            if (starting->step != Starting::Step::probing) continue;
            move(starting->deadline);
            const bool is_asked = !spec(id).ready_sign && has_readiness_probe(id);
            if (is_asked && !starting->next_probe) starting->next_probe = now_;
        } else if (auto* ready = std::get_if<Ready>(&services_[i].phase)) {
            if (ready->watchdog) ready->watchdog = next_watchdog(id);
            if (spec(id).health && !ready->next_probe) ready->next_probe = now_;
        } else if (auto* unhealthy = std::get_if<Unhealthy>(&services_[i].phase)) {
            const bool is_asked = spec(id).restart.mode == RestartMode::no;
            if (is_asked && !unhealthy->is_watchdog && !unhealthy->next_probe) {
                unhealthy->next_probe = now_;
            }
        } else if (auto* stopping = std::get_if<Stopping>(&services_[i].phase)) {
            if (!stopping->is_killed && stopping->ports != Stopping::Ports::held) {
                move(stopping->deadline);
            }
        } else {
            continue;
        }
        touch(id);
    }
}

// ---- Before the spawn --------------------------------------------------------------------------

void Supervisor::on(const PrepareChecked& fact) {
    auto* preparing = phase_if<Preparing>(fact.run);
    if (preparing == nullptr || preparing->step != Preparing::Step::checking) return;
    if (const auto unmet = first_unmet_need(fact.run.service)) {
        return enter(fact.run.service, Waiting{*unmet}, describe_wait(*unmet));
    }
    if (fact.is_needed) {
        preparing->step = Preparing::Step::spawning;
        at(fact.run.service).why = fact.why;
        touch(fact.run.service);
        act(SpawnPrepare{fact.run});
        return;
    }
    scan_ports(fact.run.service, "its prepare step has nothing to do");
}

void Supervisor::on(const PortsScanned& fact) {
    if (auto* starting = phase_if<Starting>(fact.run);
        starting != nullptr && starting->step == Starting::Step::checking_ports) {
        if (fact.holders.empty()) return ports_are_free(fact.run, "");
        return block(fact.run.service, fact, now_, false);
    }
    if (auto* stopping = phase_if<Stopping>(fact.run);
        stopping != nullptr && stopping->ports != Stopping::Ports::unknown) {
        return ports_looked_at(*stopping, fact.holders);
    }
    const auto* blocked = phase_if<Blocked>(fact.run);
    if (blocked == nullptr) return;
    if (!fact.holders.empty()) {
        return block(fact.run.service, fact, blocked->since, blocked->is_freeing);
    }
    const std::string port = to_string(blocked->holders.front().port);
    ports_are_free(fact.run, "port " + port + " is free now");
}

// ---- Birth -------------------------------------------------------------------------------------

void Supervisor::on(const Spawned& fact) {
    at(fact.run.service).current = RunEnd{fact.pid, {}, {}, now_, {}};
    if (auto* preparing = phase_if<Preparing>(fact.run)) {
        preparing->step = Preparing::Step::running;
        preparing->pid = fact.pid;
        touch(fact.run.service);
    } else if (auto* starting = phase_if<Starting>(fact.run);
               starting != nullptr && starting->step == Starting::Step::spawning) {
        spawned(fact.run, *starting, fact.pid);
    } else if (auto* stopping = phase_if<Stopping>(fact.run);
               stopping != nullptr && stopping->pid == 0 && !stopping->status) {
        // It was told to stop while it was being spawned: tell it now.
        stopping->pid = stopping->group = fact.pid;
        touch(fact.run.service);
        if (stopping->is_killed) {
            act(ForceKill{fact.run});
        } else {
            act(AskToStop{fact.run, spec(fact.run.service).stop_signal});
        }
    }
}

bool Supervisor::has_readiness_probe(ServiceId id) const {
    return spec(id).ready || spec(id).health || spec(id).first_own_port() != nullptr;
}

/// By what it will become ready, now that its process is there.
void Supervisor::arrange_readiness(ServiceId id, Starting& starting, TimePoint first_probe) {
    if (const auto& sign = spec(id).ready_sign) {
        if (std::holds_alternative<LogSign>(*sign)) act(AwaitLine{starting.run});
    } else if (has_readiness_probe(id)) {
        starting.next_probe = first_probe;
    } else {
        starting.ready_at = starting.since + limits::alive_is_ready_after;
    }
}

void Supervisor::spawned(RunId run, Starting starting, int pid) {
    const ServicePlan& plan = spec(run.service);
    starting.step = Starting::Step::probing;
    starting.pid = pid;
    starting.since = now_;
    starting.deadline = now_ + plan.start_timeout;
    starting.next_comparison = now_ + limits::listening_comparison_interval;
    if (plan.kind == ServiceKind::task) {
        return become_ready(run.service, starting, "runs to completion");
    }
    arrange_readiness(run.service, starting, now_ + limits::first_probe_delay);
    at(run.service).phase = starting;
    touch(run.service);
}

void Supervisor::on(const SpawnFailed& fact) {
    const ServiceId id = fact.run.service;
    if (run_of(phase(id)) != fact.run) return;
    if (const auto* stopping = std::get_if<Stopping>(&phase(id))) {
        if (stopping->pid == 0) finish_stop(id);
        return;
    }
    const auto* starting = std::get_if<Starting>(&phase(id));
    const bool is_opening =
        starting != nullptr && starting->step == Starting::Step::opening_sockets;
    if (!is_alive(phase(id)) && !is_opening) return;
    if (fact.is_permanent) {
        enter(id, Failed{fact.message}, fact.message);
    } else {
        back_off(id, fact.message);
    }
}

// ---- Answers of probes -------------------------------------------------------------------------

void Supervisor::on(const ProbeAnswered& fact) {
    if (auto* starting = phase_if<Starting>(fact.run)) {
        if (starting->step == Starting::Step::probing) answered(fact.run, *starting, fact.outcome);
    } else if (auto* ready = phase_if<Ready>(fact.run)) {
        answered(fact.run, *ready, fact.outcome);
    } else if (auto* unhealthy = phase_if<Unhealthy>(fact.run)) {
        answered(fact.run, *unhealthy, fact.outcome);
    }
}

void Supervisor::on(const SignSeen& fact) {
    const auto* starting = phase_if<Starting>(fact.run);
    if (starting == nullptr || starting->step != Starting::Step::probing) return;
    become_ready(fact.run.service, Starting{*starting}, fact.what);
}

void Supervisor::answered(RunId run, Starting& starting, const ProbeOutcome& outcome) {
    if (outcome.is_success) {
        return become_ready(run.service, Starting{starting}, outcome.detail);
    }
    starting.last_answer = outcome.detail;
    const Duration age = now_ - starting.since;
    const Duration step =
        age < limits::young_service_age
            ? std::clamp<Duration>(age, limits::first_probe_delay, limits::young_probe_interval)
            : Duration{limits::readiness_probe_interval};
    starting.next_probe = now_ + step;
    if (spec(run.service).ports.empty() || now_ < starting.next_comparison) return;
    starting.next_comparison = now_ + limits::listening_comparison_interval;
    act(CompareListening{run});
}

void Supervisor::answered(RunId run, Ready& ready, const ProbeOutcome& outcome) {
    const auto& health = spec(run.service).health;
    if (!health) return;
    ready.last_answer = outcome.detail;
    ready.next_probe = now_ + health->interval;
    if (outcome.is_success) {
        if (ready.failures > 0) {
            notice(run, Noticed::Kind::probe_recovered, "answers again: " + outcome.detail);
        }
        ready.failures = 0;
        return;
    }
    ++ready.failures;
    notice(run,
           Noticed::Kind::probe_failed,
           "health check failed (" + std::to_string(ready.failures) + " of " +
               std::to_string(health->retries) + "): " + outcome.detail);
    if (ready.failures < health->retries) return;

    Unhealthy unhealthy{run, ready.pid, now_, std::nullopt, outcome.detail};
    const bool is_left_alone = spec(run.service).restart.mode == RestartMode::no;
    if (is_left_alone) unhealthy.next_probe = now_ + health->interval;
    enter(run.service,
          unhealthy,
          "failed " + count_of(static_cast<std::size_t>(health->retries), "health check") +
              " in a row: " + outcome.detail);
    if (!is_left_alone) collect_evidence(run);
}

void Supervisor::answered(RunId run, Unhealthy& unhealthy, const ProbeOutcome& outcome) {
    const auto& health = spec(run.service).health;
    if (!health || spec(run.service).restart.mode != RestartMode::no) return;
    if (outcome.is_success) {
        Ready ready{run, unhealthy.pid, now_, now_ + health->interval, 0, outcome.detail};
        ready.watchdog = next_watchdog(run.service);
        return enter(run.service, ready, "answers again: " + outcome.detail);
    }
    if (unhealthy.last_answer != outcome.detail) touch(run.service);
    unhealthy.last_answer = outcome.detail;
    unhealthy.next_probe = now_ + health->interval;
}

/// It is restarted anyway: what a runtime tells of itself may cost it its life.
void Supervisor::collect_evidence(RunId run) {
    const SignalNumber dump = spec(run.service).dump_signal;
    if (dump != 0) act(SendSignal{run, dump, true});
    act(CollectEvidence{run});
}

void Supervisor::on(const EvidenceCollected& fact) {
    const auto* unhealthy = phase_if<Unhealthy>(fact.run);
    if (unhealthy == nullptr || unhealthy->next_probe) return;
    // Who hangs does not hear a polite signal, and where it hangs is worth knowing.
    constexpr SignalNumber abort = 6;
    begin_stop(fact.run.service,
               Stopping::Then::retry,
               "was unhealthy: " + unhealthy->last_answer,
               unhealthy->is_watchdog ? abort : 0);
}

void Supervisor::on(const ListeningCompared& fact) {
    if (phase_if<Ready>(fact.run) == nullptr && phase_if<Starting>(fact.run) == nullptr) return;
    auto& known = at(fact.run.service).differences;
    for (const std::string& difference : fact.differences) {
        if (std::ranges::find(known, difference) != known.end()) continue;
        notice(fact.run, Noticed::Kind::listening_differs, difference);
    }
    if (known == fact.differences) return;
    known = fact.differences;
    touch(fact.run.service);
}

// ---- Death -------------------------------------------------------------------------------------

void Supervisor::on(const Exited& fact) {
    const ServiceId id = fact.run.service;
    if (run_of(phase(id)) != fact.run || !is_alive(phase(id))) return;
    RunEnd end = at(id).current;
    end.status = fact.status;
    end.usage = fact.usage;
    end.ended_at = now_;
    end.cause = fact.cause;
    at(id).last_end = end;
    touch(id);
    if (auto* stopping = std::get_if<Stopping>(&at(id).phase)) {
        const bool is_by_itself = !stopping->status && stopping->then == Stopping::Then::decide;
        if (is_by_itself) stopping->why += "; " + describe_end(id, fact.status);
        stopping->pid = 0;
        stopping->status = fact.status;
        stopping->survivors = fact.survivors;
        if (fact.survivors.empty()) return finish_stop(id);
        // The group has heard the signal; what had left it has not.
        const AskToStop::Scope strays = AskToStop::Scope::strays;
        if (!stopping->is_killed) act(AskToStop{fact.run, spec(id).stop_signal, strays});
        if (stopping->is_killed) act(ForceKill{fact.run});
        return;
    }
    if (!std::holds_alternative<Preparing>(phase(id))) return leader_ended(id, fact);
    if (!fact.survivors.empty()) return end_survivors(fact, Stopping::Then::go_on);
    prepare_ended(fact.run, fact.status);
}

void Supervisor::on(const SurvivorsChanged& fact) {
    auto* stopping = phase_if<Stopping>(fact.run);
    if (stopping == nullptr || !stopping->status) return;
    stopping->survivors = fact.survivors;
    if (fact.survivors.empty()) finish_stop(fact.run.service);
}

}  // namespace devstack::core
