#pragma once

#include "devstack/core/api/messages.hpp"

#include <optional>

namespace devstack::cli {

/// The exit code for the run of a task after `run_before`, as a shell would give it: the task's
/// own, or 128 and the signal's number; 1 when it failed before it had a process. Empty while it is
/// not over.
std::optional<int> task_exit_code(const core::api::ServiceState& task, std::uint32_t run_before);

}  // namespace devstack::cli
