#pragma once

#include "devstack/daemon/run_processes.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace devstack::daemon {

/// A living process, named so that it is never confused with a later one of the same pid.
struct LivingProcess {
    int pid = 0;
    std::uint64_t start_ticks = 0;
    std::string command;  ///< For people: the command line, cut to a readable length.

    bool operator==(const LivingProcess&) const = default;
};

struct SurvivorReport {
    /// In the order of the runs asked for.
    std::vector<std::vector<LivingProcess>> of_run;
    /// Below the keeper, but of no run that was asked for or that lives: a process that has left
    /// session, group and parent, and cleared its environment, or one of an older run.
    std::vector<LivingProcess> strays;
};

/// What lives of runs whose leaders have ended. `living` are the runs (and other children of the
/// keeper: prepare steps, probe commands) whose leaders have not.
///
/// Cheap when there is nothing to find: what outlives its leader becomes a child of the keeper, so
/// if the keeper has no other children than living leaders, nothing is looked at. Zombies do not
/// count.
SurvivorReport collect_survivors(const platform::Procfs& procfs,
                                 const ProjectMark& project,
                                 const std::vector<RunMark>& ended,
                                 const std::vector<RunMark>& living);

/// Processes that an earlier devstack started in this project and left behind, found by their
/// cookie: what carries DEVSTACK_PROJECT_DIR of this project and is not below the keeper. Besides
/// that, what is in session or group of `known` leaders, which must live and be identified by their
/// start times: they may have cleared their environment. Not what belongs to the runs of `kept`.
std::vector<LivingProcess> collect_leftovers(const platform::Procfs& procfs,
                                             const ProjectMark& project,
                                             const std::vector<RunMark>& known = {},
                                             const std::vector<RunMark>& kept = {});

/// What lives in the cgroup and is not among `known`.
std::vector<LivingProcess> collect_hidden(const platform::Procfs& procfs,
                                          const std::string& cgroup,
                                          const std::vector<LivingProcess>& known);

/// What the core is told of them.
std::vector<core::Survivor> to_survivors(const std::vector<LivingProcess>& processes);

/// Signals each one; those that have ended meanwhile are passed over. What could not be signalled
/// comes back with the reason.
std::vector<Error> signal_survivors(const platform::Procfs& procfs,
                                    const std::vector<LivingProcess>& processes,
                                    int signal);

/// Kills all that `list` finds, and what they start meanwhile (platform::kill_family).
void kill_survivors(const platform::Procfs& procfs,
                    const std::function<std::vector<LivingProcess>()>& list);

}  // namespace devstack::daemon
