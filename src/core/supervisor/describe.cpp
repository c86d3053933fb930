#include "devstack/base/signal_name.hpp"
#include "devstack/core/supervisor/run.hpp"

#include <algorithm>
#include <array>

namespace devstack::core {

std::string describe(ExitStatus status) {
    if (status.is_unknown) return "ended while it had no parent: its exit status is not known";
    if (status.signal == 0) return "exited with code " + std::to_string(status.code);
    // Who ends of these did what he was asked to do: he was not killed.
    constexpr std::array polite = {1, 2, 15};
    const bool is_polite = std::ranges::find(polite, status.signal) != polite.end();
    return (is_polite ? "ended by " : "was killed by ") + signal_name(status.signal) +
           (status.dumped_core ? " (core dumped)" : "");
}

std::string describe(const PortHolder& holder) {
    const std::string port = "port " + to_string(holder.port);
    if (holder.is_teardown) return port + " is still being closed by the kernel";
    if (!holder.service.empty()) {
        return port + " is held by " + holder.service + " of this project (pid " +
               std::to_string(holder.pid) + ")";
    }
    if (holder.pid == 0) {
        return port + " is held by a process of user " + holder.user +
               " that we may not see (run as root to name it)";
    }
    std::string text = port + " is held by " + holder.command + " (pid " +
                       std::to_string(holder.pid) + ", user " + holder.user + ", since " +
                       holder.since;
    if (!holder.working_dir.empty()) text += ", " + holder.working_dir;
    text += ")";
    if (holder.is_leftover) text += ", a leftover of an earlier run of this project";
    return text;
}

}  // namespace devstack::core
