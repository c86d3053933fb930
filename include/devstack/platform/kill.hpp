#pragma once

#include "devstack/base/result.hpp"
#include "devstack/platform/procfs.hpp"

#include <cstdint>

namespace devstack::platform {

/// Signals every process of a group. True when somebody was there (kill(2) on -group).
bool signal_group(int group, int signal);

/// True while the group has a member (a zombie counts).
bool group_exists(int group);

/// Signals exactly the process with this pid and start time, through a pidfd, so that a reused pid
/// is never hit. Fails with not_found when it is gone, not_permitted when it is not ours.
Status signal_process(const Procfs& procfs, int pid, std::uint64_t start_ticks, int signal);

}  // namespace devstack::platform
