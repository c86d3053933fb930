#include "devstack/core/supervisor/phase.hpp"

#include "devstack/base/match.hpp"

namespace devstack::core {

std::string_view name_of(const Phase& phase) {
    return match(
        phase,
        [](const Stopped&) { return "stopped"; },
        [](const Waiting&) { return "waiting"; },
        [](const Blocked&) { return "blocked"; },
        [](const Preparing&) { return "preparing"; },
        [](const Starting&) { return "starting"; },
        [](const Ready&) { return "ready"; },
        [](const Unhealthy&) { return "unhealthy"; },
        [](const Stopping&) { return "stopping"; },
        [](const BackingOff&) { return "backing-off"; },
        [](const Completed&) { return "completed"; },
        [](const Failed&) { return "failed"; });
}

bool is_alive(const Phase& phase) {
    return match(
        phase,
        [](const Stopped&) { return false; },
        [](const Waiting&) { return false; },
        [](const Blocked&) { return false; },
        [](const Preparing& it) { return it.step != Preparing::Step::checking; },
        [](const Starting& it) {
            return it.step == Starting::Step::spawning || it.step == Starting::Step::probing;
        },
        [](const Ready&) { return true; },
        [](const Unhealthy&) { return true; },
        [](const Stopping&) { return true; },
        [](const BackingOff&) { return false; },
        [](const Completed&) { return false; },
        [](const Failed&) { return false; });
}

std::optional<RunId> run_of(const Phase& phase) {
    using Run = std::optional<RunId>;
    return match(
        phase,
        [](const Stopped&) { return Run{}; },
        [](const Waiting&) { return Run{}; },
        [](const Blocked& it) { return Run{it.run}; },
        [](const Preparing& it) { return Run{it.run}; },
        [](const Starting& it) { return Run{it.run}; },
        [](const Ready& it) { return Run{it.run}; },
        [](const Unhealthy& it) { return Run{it.run}; },
        [](const Stopping& it) { return Run{it.run}; },
        [](const BackingOff&) { return Run{}; },
        [](const Completed&) { return Run{}; },
        [](const Failed&) { return Run{}; });
}

int pid_of(const Phase& phase) {
    return match(
        phase,
        [](const Stopped&) { return 0; },
        [](const Waiting&) { return 0; },
        [](const Blocked&) { return 0; },
        [](const Preparing& it) { return it.pid; },
        [](const Starting& it) { return it.pid; },
        [](const Ready& it) { return it.pid; },
        [](const Unhealthy& it) { return it.pid; },
        [](const Stopping& it) { return it.pid; },
        [](const BackingOff&) { return 0; },
        [](const Completed&) { return 0; },
        [](const Failed&) { return 0; });
}

}  // namespace devstack::core
