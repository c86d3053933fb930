#pragma once

#include "devstack/core/api/messages.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace devstack::cli {

/// CPU and memory of services of this host, looked up here and not by the daemon, which is left
/// asleep.
class UsageWatch {
public:
    UsageWatch();
    ~UsageWatch();
    UsageWatch(const UsageWatch&) = delete;
    UsageWatch& operator=(const UsageWatch&) = delete;

    /// By name. One pass over all processes; CPU is that since the pass before.
    std::map<std::string, core::api::UsageState> look(
        const core::api::StateMessage& state,
        const std::vector<const core::api::ServiceState*>& services);

private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace devstack::cli
