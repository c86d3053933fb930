#include "devstack/core/supervisor/supervisor.hpp"

#include "devstack/base/assert.hpp"
#include "devstack/base/match.hpp"
#include "devstack/base/signal_name.hpp"
#include "devstack/core/limits.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

// The door, the commands and the sweeps. Facts are in facts.cpp, changes of phase in
// transitions.cpp, words in explain.cpp.

namespace devstack::core {

static constexpr auto why_it_leaves = "it has gone from the profile";

Supervisor::Supervisor(Plan plan, std::uint64_t seed) : random_{seed} {
    take_plan(std::move(plan));
    take_order();
}

Step Supervisor::step(const Input& input, TimePoint now) {
    DEVSTACK_ASSERT(now >= now_, "time does not run backwards");
    now_ = now;
    std::visit([this](const auto& it) { on(it); }, input);
    expire_deadlines();
    start_what_can_start();
    stop_what_must_stop();
    forget_what_has_left();
    notice_the_end();
    return std::exchange(out_, {});
}

// ---- Commands ----------------------------------------------------------------------------------

void Supervisor::on(const Start& command) {
    if (is_shutting_down_) return;
    const std::vector<bool> touched = with_needs(command.services);
    for (std::size_t i = 0; i < services_.size(); ++i) {
        if (!touched[i]) continue;
        const ServiceId id{i};
        const bool is_named = std::ranges::find(command.services, id) != command.services.end();
        // What a need has completed stays done, however often its dependents are asked for.
        if (!is_named && std::holds_alternative<Completed>(phase(id))) continue;
        if (is_named) at(id).watch_suspended.clear();
        ask_again(id);
    }
}

void Supervisor::on(const Stop& command) {
    const std::vector<bool> touched = with_dependents(command.services);
    for (std::size_t i = 0; i < services_.size(); ++i) {
        if (!touched[i]) continue;
        services_[i].is_requested = false;
        services_[i].is_called = false;
        touch({i});
        // What a task has done may be undone by what is stopped: it counts no longer.
        if (std::holds_alternative<Completed>(phase({i}))) enter({i}, Stopped{}, "asked to stop");
    }
}

void Supervisor::on(const Restart& command) {
    if (is_shutting_down_) return;
    on(Start{command.services});
    for (const ServiceId id : command.services) {
        if (!is_alive(phase(id)) || at(id).is_leaving) continue;
        begin_stop(id, Stopping::Then::restart, "a restart was asked for");
    }
}

void Supervisor::on(const Signal& command) {
    const int pid = pid_of(phase(command.service));
    const std::optional<RunId> run = run_of(phase(command.service));
    if (!run || pid == 0) return;
    act(SendSignal{*run, command.signal});
    notice(*run, Noticed::Kind::signal_sent, signal_name(command.signal) + " was sent on request");
}

void Supervisor::on(const Shutdown& command) {
    if (!is_shutting_down_) {
        out_.events.push_back(ProjectChanged{"stopping", "asked to stop everything"});
    }
    is_shutting_down_ = true;
    if (!command.force) return;
    for (std::size_t i = services_.size(); i-- > 0;) {
        if (is_alive(phase({i}))) force({i});
    }
}

/// Somebody wants this service, now: a fresh budget, no waiting for a delay, and another try for
/// what has ended.
void Supervisor::ask_again(ServiceId id) {
    Service& service = at(id);
    touch(id);
    // What has gone from the profile is not started any more.
    if (service.is_leaving) return;
    service.is_requested = true;
    service.quick_changes = 0;
    service.recent_restarts.clear();
    service.delay_exponent = 0;
    service.restarts = 0;
    if (auto* waiting = std::get_if<BackingOff>(&service.phase)) {
        waiting->until = now_;
        waiting->is_cut_short = true;
    }
    const bool has_ended = std::holds_alternative<Failed>(service.phase) ||
                           std::holds_alternative<Completed>(service.phase);
    if (has_ended) enter(id, Stopped{}, "asked for again");
}

// ---- The sweeps, run after every input ---------------------------------------------------------

void Supervisor::expire_deadlines() {
    for (std::size_t i = 0; i < services_.size(); ++i) {
        const ServiceId id{i};
        // A handler may replace the phase it was given: it must not look at it afterwards.
        match(
            services_[i].phase,
            [](Stopped&) {},
            [](Waiting&) {},
            [&](Blocked& it) { expire(id, it); },
            [](Preparing&) {},
            [&](Starting& it) { expire(id, it); },
            [&](Ready& it) { expire(id, it); },
            [&](Unhealthy& it) { expire(id, it); },
            [&](Stopping& it) { expire(id, it); },
            [](BackingOff&) {},  // start_what_can_start looks at its delay.
            [](Completed&) {},
            [](Failed&) {});
    }
}

void Supervisor::start_what_can_start() {
    for (const ServiceId id : order_) {
        if (!is_wanted(id) || !can_start_now(id)) continue;
        const std::optional<Need> unmet = first_unmet_need(id);
        if (!unmet) {
            begin_start(id, why_start(id));
            continue;
        }
        if (auto* waiting = std::get_if<Waiting>(&at(id).phase)) {
            waiting->need = *unmet;  // What `explain` says follows; observers are not bothered.
        } else {
            enter(id, Waiting{*unmet}, describe_wait(*unmet));
        }
    }
}

std::string Supervisor::why_start(ServiceId id) const {
    if (const auto* delay = std::get_if<BackingOff>(&phase(id)); delay != nullptr) {
        if (delay->is_cut_short) return "it was asked for";
        return "its delay of " + render_duration(delay->delay) + " is over (restart " +
               std::to_string(at(id).restarts) + ")";
    }
    return spec(id).needs.empty() ? "it was asked for" : "all it needs is there";
}

bool Supervisor::can_start_now(ServiceId id) const {
    if (const auto* delay = std::get_if<BackingOff>(&phase(id))) return now_ >= delay->until;
    if (const auto* waiting = std::get_if<Waiting>(&phase(id))) return waiting->need.has_value();
    return std::holds_alternative<Stopped>(phase(id));
}

void Supervisor::stop_what_must_stop() {
    const std::string why = is_shutting_down_ ? "everything is being stopped" : "asked to stop";
    // Held: something that needs it lives, also through others that do not live themselves.
    std::vector<bool> is_held(services_.size());
    for (auto next = order_.rbegin(); next != order_.rend(); ++next) {
        const ServiceId id = *next;
        const bool is_needed = std::ranges::any_of(dependents_[id.index], [&](ServiceId it) {
            return is_alive(phase(it)) || is_held[it.index];
        });
        is_held[id.index] = is_needed;
        if (is_wanted(id)) continue;
        if (auto* stopping = std::get_if<Stopping>(&at(id).phase)) {
            if (std::exchange(stopping->then, Stopping::Then::rest) != Stopping::Then::rest)
                touch(id);
            continue;
        }
        if (is_alive(phase(id))) {
            if (is_needed) continue;
            begin_stop(id, Stopping::Then::rest, at(id).is_leaving ? why_it_leaves : why);
            continue;
        }
        const bool is_at_rest = std::holds_alternative<Stopped>(phase(id)) ||
                                std::holds_alternative<Completed>(phase(id)) ||
                                std::holds_alternative<Failed>(phase(id));
        if (!is_at_rest) enter(id, Stopped{}, at(id).is_leaving ? why_it_leaves : why);
    }
}

void Supervisor::notice_the_end() {
    if (is_end_told_ || !is_finished()) return;
    is_end_told_ = true;
    out_.events.push_back(ProjectChanged{"stopped", "nothing is left running"});
}

// ---- Deadlines ---------------------------------------------------------------------------------

void Supervisor::expire(ServiceId, Blocked& blocked) {
    if (!blocked.look_again || now_ < *blocked.look_again) return;
    blocked.look_again.reset();
    act(ScanPorts{blocked.run});
}

void Supervisor::expire(ServiceId id, Starting& starting) {
    if (starting.step != Starting::Step::probing) return;
    if (starting.ready_at && now_ >= *starting.ready_at) {
        become_ready(id,
                     Starting{starting},
                     "has been alive for " + render_duration(limits::alive_is_ready_after));
        return;
    }
    if (now_ >= starting.deadline) {
        std::string why = "was not ready within " + render_duration(spec(id).start_timeout);
        const std::string missing = describe_missing(id, starting);
        if (!missing.empty()) why += ": " + missing;
        if (!at(id).said.status.empty()) why += "; it says \"" + at(id).said.status + "\"";
        for (const std::string& difference : at(id).differences)
            why += "; " + difference;
        begin_stop(id, Stopping::Then::retry, why);
        return;
    }
    if (compares_while_starting(id) && now_ >= starting.next_comparison) {
        starting.next_comparison = now_ + limits::listening_comparison_interval;
        act(CompareListening{starting.run});
    }
    if (!starting.next_probe || now_ < *starting.next_probe) return;
    starting.next_probe.reset();
    act(RunProbe{starting.run, RunProbe::Purpose::readiness});
}

void Supervisor::expire(ServiceId id, Ready& ready) {
    if (ready.watchdog && now_ >= *ready.watchdog) {
        const Duration interval = at(id).said.watchdog.value_or(spec(id).watchdog);
        return watchdog_failed(ready.run,
                               "its watchdog has not heard it for " + render_duration(interval));
    }
    if (!ready.next_probe || now_ < *ready.next_probe) return;
    ready.next_probe.reset();
    act(RunProbe{ready.run, RunProbe::Purpose::health});
}

void Supervisor::expire(ServiceId, Unhealthy& unhealthy) {
    if (!unhealthy.next_probe || now_ < *unhealthy.next_probe) return;
    unhealthy.next_probe.reset();
    act(RunProbe{unhealthy.run, RunProbe::Purpose::health});
}

void Supervisor::expire(ServiceId id, Stopping& stopping) {
    if (now_ < stopping.deadline) return;
    if (stopping.ports != Stopping::Ports::held) return force(id);
    stopping.ports = Stopping::Ports::asked;
    stopping.deadline = now_ + limits::blocked_port_interval;
    touch(id);
    act(ScanPorts{stopping.run});
}

// ---- Graph -------------------------------------------------------------------------------------

std::vector<bool> Supervisor::with_needs(const std::vector<ServiceId>& services) const {
    std::vector<bool> found(services_.size());
    for (const ServiceId id : services)
        found[id.index] = true;
    // Needs stand before what needs them: one pass from the end sees them all.
    for (auto next = order_.rbegin(); next != order_.rend(); ++next) {
        const ServiceId id = *next;
        if (!found[id.index]) continue;
        for (const Need& need : plan_.services[id.index].needs)
            found[need.service.index] = true;
    }
    return found;
}

std::vector<bool> Supervisor::with_dependents(const std::vector<ServiceId>& services) const {
    std::vector<bool> found(services_.size());
    for (const ServiceId id : services)
        found[id.index] = true;
    for (const ServiceId id : order_) {
        if (!found[id.index]) continue;
        for (const ServiceId dependent : dependents_[id.index])
            found[dependent.index] = true;
    }
    return found;
}

}  // namespace devstack::core
