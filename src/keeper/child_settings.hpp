#pragma once

#include "devstack/platform/spawn_block.hpp"

#include "spawn_problem.hpp"

#include <optional>

namespace devstack::keeper {

/// Whether these change what belongs to all who share a memory, see decisions/0008.
inline bool must_not_share_memory(const platform::SpawnBlockSettings& settings) {
    using Settings = platform::SpawnBlockSettings;
    return settings.has_any(Settings::identity | Settings::capabilities | Settings::oom_score_adj);
}

/// Makes this process, on its way to exec and with its streams in place, what the settings say,
/// and looks whether it has become so. `groups` are those of the block. Raw system calls: it may
/// still share its parent's memory.
std::optional<SpawnProblem> apply_settings(const platform::SpawnBlockSettings& settings,
                                           const char* groups);

/// Puts this process into the cgroup whose cgroup.procs is at `path`, from the block. A failure is
/// none where it is not needed.
std::optional<SpawnProblem> enter_cgroup(const platform::SpawnBlockSettings& settings,
                                         const char* path);

/// Whether the settings have a say about RLIMIT_NOFILE.
bool sets_file_limit(const platform::SpawnBlockSettings& settings);

/// Makes the terminal at `descriptor` the one of this session, and as a log file wants it.
std::optional<SpawnProblem> take_terminal(const platform::SpawnBlockSettings& settings,
                                          int descriptor);

}  // namespace devstack::keeper
