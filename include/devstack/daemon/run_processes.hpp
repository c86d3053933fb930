#pragma once

#include "devstack/core/supervisor/run.hpp"
#include "devstack/platform/procfs.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace devstack::daemon {

/// What a run looks like from outside: by this its processes are told from all others.
struct RunMark {
    core::RunId run;
    std::string service;  ///< The service's name.
    int leader_pid = 0;   ///< Also the number of its session and group; the leader may have ended.
    std::uint64_t start_ticks = 0;  ///< Of the leader; 0: not known.
};

/// The project, and the processes that are devstack itself.
struct ProjectMark {
    std::string project_dir;
    int keeper_pid = 0;  ///< 0: the keeper is gone; then nothing tells our strays from strangers.
    int daemon_pid = 0;
    /// Some of what is ours is not below the keeper: it was born under one that has died.
    bool is_scattered = false;
    /// What has begun to run earlier is not ours; 0: that tells nothing.
    std::uint64_t born_after = 0;
    /// What lives in one of these cgroups is ours, whatever else is to be seen of it.
    std::vector<std::string> cgroups = {};
};

/// Variables that the daemon puts into the environment of every child, so that whatever comes of it
/// can be recognised.
inline constexpr const char* run_variable = "DEVSTACK_RUN";
inline constexpr const char* project_dir_variable = "DEVSTACK_PROJECT_DIR";

/// Value of DEVSTACK_RUN: "api#4".
std::string render_run_cookie(const std::string& service, std::uint32_t run_number);

/// Which of `runs` every process belongs to, by index; one entry per process. A process belongs to
/// a run by session, group, cookie, or because its parent does. Only what lives below the keeper
/// counts: it is the subreaper of all its descendants, see PR_SET_CHILD_SUBREAPER in prctl(2).
std::vector<std::optional<std::size_t>> assign_runs(
    const platform::Procfs& procfs,
    const ProjectMark& project,
    const std::vector<RunMark>& runs,
    const std::vector<platform::ProcessInfo>& processes);

/// All processes of living runs, with their leaders, without zombies; in the order of `runs`. One
/// pass over all processes.
std::vector<std::vector<platform::ProcessInfo>> collect_trees(const platform::Procfs& procfs,
                                                              const ProjectMark& project,
                                                              const std::vector<RunMark>& runs);

/// What one process has to do with this project.
struct Kinship {
    std::optional<std::size_t> run;  ///< Index of the run it belongs to.
    /// It was started by this project, but belongs to none of the runs.
    bool is_leftover = false;
};
Kinship find_kinship(const platform::Procfs& procfs,
                     const ProjectMark& project,
                     const std::vector<RunMark>& runs,
                     int pid);

}  // namespace devstack::daemon
