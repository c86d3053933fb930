#pragma once

#include "devstack/base/result.hpp"
#include "devstack/platform/procfs.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Control groups, version 2 (cgroups(7)): directories of the kernel's in which processes live, with
// files that tell of them and limit them.
namespace devstack::platform {

/// The directory of the cgroup that this process is in, by /proc/self/cgroup and mountinfo. Empty
/// where version 2 is not mounted, or not so far that we could see ourselves.
std::optional<std::string> find_own_cgroup(const Procfs& procfs);

/// May processes be put into cgroups that are made in this one? cgroups(7) wants the right to write
/// to `cgroup.procs` of the nearest common ancestor, too.
bool is_cgroup_delegated(const std::string& directory);

/// Makes it, unless it is there.
Status create_cgroup(const std::string& directory);

/// Removes it, with all that are in it. What processes are in stays, and says so (busy); what is
/// not there has been removed.
Status remove_cgroup(const std::string& directory);

/// The cgroups in it, by name.
std::vector<std::string> list_cgroups(const std::string& directory);

/// SIGKILL to all that is in it or below, also to what is being forked meanwhile (Linux 5.14).
Status kill_cgroup(const std::string& directory);

/// Whether a process lives in it or below. False where it can not be read.
bool is_cgroup_populated(const std::string& directory);

/// What is in it alone, zombies too.
std::vector<int> list_cgroup_processes(const std::string& directory);
/// The same with all below.
std::vector<int> collect_cgroup_processes(const std::string& directory);

/// How many of its processes the kernel has killed because it had reached its memory limit.
std::uint64_t count_oom_kills(const std::string& directory);

/// Bytes; empty when it has no limit.
std::optional<std::uint64_t> read_memory_limit(const std::string& directory);

/// Whether the controller ("memory", "cpu", "pids") is there for those who live in this cgroup.
bool has_controller(const std::string& directory, std::string_view controller);

/// Gives the controller to the cgroups in this one. Busy where processes live in it: those of a
/// cgroup that hands a controller on may only live below (cgroups(7), "no internal processes").
Status hand_on_controller(const std::string& directory, const std::string& controller);

/// Writes to one of its files, such as "memory.max".
Status set_cgroup(const std::string& directory, const std::string& file, const std::string& value);

/// Puts the process, with all its threads, into it.
Status move_to_cgroup(const std::string& directory, int pid);

}  // namespace devstack::platform
