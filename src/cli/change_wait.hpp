#pragma once

#include "devstack/base/time.hpp"

#include "cli/change_verdict.hpp"
#include "cli/find_project.hpp"

#include <cstdint>
#include <functional>

namespace devstack::cli {

/// How to wait for what a command has set in motion.
struct ChangeWait {
    std::function<Verdict(const core::api::StateMessage&)> judge;
    Duration timeout{};
    Terminal terminal;
    bool is_silent = false;  ///< Only what goes wrong is said.
};

/// Shows what happens after the event `cursor` until the verdict is there or the time is over.
/// Returns the exit code.
int wait_for_change(RunningProject& project, const ChangeWait& wait, std::uint64_t cursor);

}  // namespace devstack::cli
