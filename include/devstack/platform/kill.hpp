#pragma once

#include "devstack/base/result.hpp"
#include "devstack/platform/procfs.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace devstack::platform {

/// Signals every process of a group. True when somebody was there (kill(2) on -group).
bool signal_group(int group, int signal);

/// True while the group has a member (a zombie counts).
bool group_exists(int group);

/// Signals exactly the process with this pid and start time, through a pidfd, so that a reused pid
/// is never hit. Fails with not_found when it is gone, not_permitted when it is not ours.
Status signal_process(const Procfs& procfs, int pid, std::uint64_t start_ticks, int signal);

/// SIGKILL to all that `list` finds, and to what they start meanwhile: they are stopped (SIGSTOP)
/// first, again and again until a look finds nobody new, since what is killed one by one may start
/// others faster than that. Against what has no limit to its processes this is given up after
/// `looks_max` looks, and those known by then are killed.
void kill_family(const Procfs& procfs, const std::function<std::vector<ProcessInfo>()>& list);
inline constexpr int looks_max = 50;

/// All that has the process above it, in one pass over the directory.
std::vector<ProcessInfo> collect_descendants(const Procfs& procfs, int pid);

}  // namespace devstack::platform
