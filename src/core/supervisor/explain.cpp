#include "devstack/base/match.hpp"
#include "devstack/base/text.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/core/supervisor/supervisor.hpp"

#include <algorithm>

// Questions to the supervisor: what is, why, and until when.

namespace devstack::core {

namespace {

std::string_view word_of(NeedCondition condition) {
    switch (condition) {
        case NeedCondition::started: return "to be started";
        case NeedCondition::ready: return "to be ready";
        case NeedCondition::completed: return "to be completed";
    }
    return "";
}

std::string explain_starting(const Starting& it,
                             const std::string& missing,
                             const std::string& why) {
    if (it.step == Starting::Step::checking_ports) return "its ports are being looked at";
    if (it.step == Starting::Step::opening_sockets) return "its sockets are being opened";
    if (it.step == Starting::Step::spawning) return "it is being spawned: " + why;
    const std::string pid = "pid " + std::to_string(it.pid);
    if (it.ready_at) return pid + " is ready when it has lived for a moment";
    if (missing.empty()) return pid + " has not been asked yet whether it is ready";
    return pid + " is not ready yet: " + missing;
}

std::string explain_stopping(const Stopping& it) {
    std::string text = it.why;
    if (it.pid != 0) text += "; pid " + std::to_string(it.pid) + " has not ended yet";
    if (!it.survivors.empty()) {
        std::vector<std::string> names;
        for (const Survivor& survivor : it.survivors) {
            names.push_back("pid " + std::to_string(survivor.pid) + " (" + survivor.command + ")");
        }
        text += "; still there: " + join_for_people(names);
    }
    for (const PortHolder& holder : it.holders)
        text += "; " + describe(holder) + ", which it has left behind";
    if (it.is_killed) text += "; SIGKILL was sent";
    return text;
}

}  // namespace

std::string describe_restart(const BackingOff& it, int restarts) {
    return "restart " + std::to_string(restarts) + " comes after " + render_duration(it.delay) +
           (it.is_crash_loop ? " (crash-looping)" : "");
}

std::string Supervisor::explain(ServiceId id) const {
    return spec(id).name + " is " + std::string{name_of(phase(id))} + ": " + reason(id);
}

std::string Supervisor::reason(ServiceId id) const {
    const std::string& said = at(id).said.status;
    const std::string reason = reason_of_phase(id);
    if (said.empty() || pid_of(phase(id)) == 0) return reason;
    return reason + "; it says \"" + said + "\"";
}

std::string Supervisor::reason_of_phase(ServiceId id) const {
    const Service& service = at(id);
    return match(
        service.phase,
        [&](const Stopped&) { return service.why; },
        [&](const Waiting& it) {
            if (!it.need) return service.why;
            return describe_wait(*it.need) + "; " + explain(it.need->service);
        },
        [&](const Blocked&) { return service.why + "; it starts by itself when the port is free"; },
        [&](const Preparing& it) {
            if (it.step == Preparing::Step::checking) {
                return std::string{"its prepare step is being looked at"};
            }
            return "`" + spec(id).prepare->command.text() + "` runs first: " + service.why;
        },
        [&](const Starting& it) {
            std::string text = explain_starting(it, describe_missing(id, it), service.why);
            for (const std::string& difference : service.differences)
                text += "; " + difference;
            return text;
        },
        [&](const Ready& it) {
            if (it.failures == 0) return service.why;
            return "but its last " + count_of(static_cast<std::size_t>(it.failures), "answer") +
                   " failed: " + it.last_answer;
        },
        [&](const Unhealthy&) { return service.why; },
        [&](const Stopping& it) { return explain_stopping(it); },
        [&](const BackingOff& it) {
            return it.why + "; " + describe_restart(it, service.restarts);
        },
        [&](const Completed&) { return service.why; },
        [&](const Failed& it) { return it.why; });
}

/// What it lacks to be ready; empty before its probe was answered once.
std::string Supervisor::describe_missing(ServiceId id, const Starting& starting) const {
    const auto& sign = spec(id).ready_sign;
    return sign ? describe_absence(*sign) : starting.last_answer;
}

ServiceSnapshot Supervisor::snapshot(ServiceId id) const {
    const Service& service = at(id);
    ServiceSnapshot snapshot;
    snapshot.phase = service.phase;
    snapshot.why = reason(id);
    snapshot.is_wanted = is_wanted(id);
    snapshot.restarts = service.restarts;
    snapshot.run = service.runs;
    snapshot.since = service.since;
    snapshot.differences = service.differences;
    if (pid_of(service.phase) != 0) snapshot.said = service.said.status;
    snapshot.watch_suspended = service.watch_suspended;
    if (service.last_end) snapshot.last_exit = service.last_end->status;
    return snapshot;
}

std::optional<TimePoint> Supervisor::next_deadline() const {
    std::optional<TimePoint> earliest;
    const auto consider = [&](std::optional<TimePoint> deadline) {
        if (deadline && (!earliest || *deadline < *earliest)) earliest = deadline;
    };
    for (const Service& service : services_) {
        match(
            service.phase,
            [](const Stopped&) {},
            [](const Waiting&) {},
            [&](const Blocked& it) { consider(it.look_again); },
            [](const Preparing&) {},
            [&](const Starting& it) {
                if (it.step != Starting::Step::probing) return;
                consider(it.deadline);
                consider(it.next_probe);
                consider(it.ready_at);
                if (compares_while_starting(it.run.service)) consider(it.next_comparison);
            },
            [&](const Ready& it) {
                consider(it.next_probe);
                consider(it.watchdog);
            },
            [&](const Unhealthy& it) { consider(it.next_probe); },
            [&](const Stopping& it) { consider(it.deadline); },
            [&](const BackingOff& it) { consider(it.until); },
            [](const Completed&) {},
            [](const Failed&) {});
    }
    return earliest;
}

bool Supervisor::is_finished() const {
    return is_shutting_down_ &&
           std::ranges::none_of(services_, [](const Service& it) { return is_alive(it.phase); });
}

// ---- Needs -------------------------------------------------------------------------------------

bool Supervisor::is_met(const Need& need) const {
    const Phase& its = phase(need.service);
    switch (need.condition) {
        case NeedCondition::started:
            return (is_alive(its) && pid_of(its) != 0 && !std::holds_alternative<Stopping>(its) &&
                    !std::holds_alternative<Preparing>(its)) ||
                   std::holds_alternative<Completed>(its) || waits_for_connection(need.service);
        case NeedCondition::ready:
            // Who connects while it waits will be served.
            return std::holds_alternative<Ready>(its) || waits_for_connection(need.service);
        case NeedCondition::completed: return std::holds_alternative<Completed>(its);
    }
    return false;
}

/// Whoever is asked is looked at when the answer is bad; nobody answers for a sign.
bool Supervisor::compares_while_starting(ServiceId id) const {
    return spec(id).ready_sign && !spec(id).ports.empty();
}

std::optional<Need> Supervisor::first_unmet_need(ServiceId id) const {
    for (const Need& need : spec(id).needs) {
        if (!is_met(need)) return need;
    }
    return std::nullopt;
}

std::string Supervisor::describe_wait(const Need& need) const {
    return "it waits for " + spec(need.service).name + " " + std::string{word_of(need.condition)};
}

/// Who waits for somebody who waits himself is told of the one at the end of the chain.
std::string Supervisor::explain_wait(const Need& need) const {
    ServiceId root = need.service;
    for (;;) {
        const auto* waiting = std::get_if<Waiting>(&phase(root));
        if (waiting == nullptr || !waiting->need) break;
        root = waiting->need->service;
    }
    return describe_wait(need) + "; " + explain(root);
}

}  // namespace devstack::core
