#pragma once

#include "devstack/core/api/messages.hpp"

#include <map>
#include <string>
#include <vector>

namespace devstack::cli {

/// Whether what somebody asked for has come about.
struct Verdict {
    std::vector<std::string> done;     ///< One sentence a service: "api is ready".
    std::vector<std::string> pending;  ///< "api is starting: …".
    std::vector<std::string> failed;   ///< It can not come about: "api failed: …".
    std::vector<std::string>
        culprits;  ///< Services that `failed` is about, or that stand in the way.

    bool is_over() const { return pending.empty() || !failed.empty(); }
};

/// Runs of the services before a command was given, by name.
using RunNumbers = std::map<std::string, std::uint32_t>;
RunNumbers run_numbers(const core::api::StateMessage& state);

/// Of `command` ("start", "stop", "restart") for those services, as the state is now. What has
/// failed comes about no more, nor does what needs it.
Verdict judge_change(const std::string& command,
                     const std::vector<std::string>& services,
                     const RunNumbers& before,
                     const core::api::StateMessage& state);

}  // namespace devstack::cli
