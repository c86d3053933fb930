#pragma once

#include "devstack/core/api/messages.hpp"

#include <string>
#include <vector>

namespace devstack::cli {

/// How far those services are that somebody waits for.
struct Progress {
    std::vector<core::api::ServiceState> settled;  ///< Ready, or completed.
    std::vector<core::api::ServiceState> pending;  ///< On their way, or waiting, or blocked.
    std::vector<core::api::ServiceState> failed;   ///< Given up.

    bool is_done() const { return pending.empty() && failed.empty(); }
    bool has_failed() const { return !failed.empty(); }
};

/// No service is wanted any more, since somebody has stopped them all.
bool is_all_stopped(const core::api::StateMessage& state);

/// `services` empty: all that are wanted.
Progress judge_progress(const core::api::StateMessage& state,
                        const std::vector<std::string>& services);

}  // namespace devstack::cli
