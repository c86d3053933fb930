#pragma once

#include "devstack/core/api/ledger.hpp"
#include "devstack/core/plan/process_settings.hpp"
#include "devstack/platform/procfs.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace devstack::daemon {

/// Where the cgroup of a run is, and what it could not be given.
struct RunCgroup {
    std::string directory;              ///< Empty: it has none.
    std::vector<std::string> problems;  ///< For people, each told once in the life of a daemon.
};

/// The cgroups of a project's runs (decisions/0021): one for each service that runs, as long as it
/// does, in one for the project, in the one that devstack itself is in. Where that is not ours to
/// write, nobody has one.
class Cgroups {
public:
    Cgroups(const platform::Procfs& procfs, const std::string& project_dir);

    /// Makes the cgroup of a run that is about to be spawned, with these limits.
    RunCgroup make(const std::string& service, const core::CgroupLimits& limits);
    /// The one that the service has; empty if there is none.
    std::string find(const std::string& service) const;
    /// Of the project; empty where there can be none.
    const std::string& directory() const { return directory_; }
    /// Those that hold no process are removed, and that of the project if it was the last one.
    void remove_empty() const;

private:
    bool can_have(const std::string& controller, std::string& problem);
    Status hand_on(const std::string& controller);
    Status make_room() const;
    void limit(const std::string& controller,
               const std::string& key,
               const std::string& file,
               const std::string& value,
               RunCgroup& made);
    void tell_once(std::string problem, RunCgroup& made);

    platform::Procfs procfs_;
    std::string own_;  ///< The one that holds that of the project.
    std::string directory_;
    std::set<std::string> told_;
};

/// Cgroups of the project's services, also where devstack was when it wrote these processes down.
std::vector<std::string> cgroups_of(const std::string& project_dir,
                                    const std::vector<core::api::LedgerProcess>& processes);

/// What the kernel's OOM killer has to do with the end of a process in it; empty: nothing.
std::string describe_oom_kill(const std::string& cgroup);

}  // namespace devstack::daemon
