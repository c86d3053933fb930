// A run's processes are a tree that frays: children leave the group (setsid), lose their parent
// (double fork), or both. Three marks survive different things: session and group survive the loss
// of the parent, the cookie in the environment survives setsid, and the parent link survives a
// program that has cleared its environment.

#include "devstack/daemon/run_processes.hpp"

#include <algorithm>
#include <unordered_map>

namespace devstack::daemon {

namespace {

using platform::ProcessInfo;
using platform::Procfs;

bool is_zombie(const ProcessInfo& process) {
    return process.state == 'Z' || process.state == 'X';
}

/// The variables of one process, if it is ours to see.
struct Cookie {
    std::string project_dir;
    std::string run;
};

Cookie read_cookie(const Procfs& procfs, int pid) {
    auto values =
        platform::read_environment_variables(procfs, pid, {project_dir_variable, run_variable});
    return {values[0].value_or(""), values[1].value_or("")};
}

/// Recognises runs by session, group and cookie.
class RunIndex {
public:
    RunIndex(const std::string& project_dir, const std::vector<RunMark>& runs)
        : project_dir_{project_dir} {
        for (std::size_t i = 0; i < runs.size(); ++i) {
            if (runs[i].leader_pid > 0) by_leader_[runs[i].leader_pid] = i;
            by_cookie_[render_run_cookie(runs[i].service, runs[i].run.number)] = i;
        }
    }

    /// Where nothing holds the number of a leader that has ended, it may be a stranger's by now:
    /// who has it must be that leader, or have come after it.
    void drop_reused_numbers(const std::vector<ProcessInfo>& processes,
                             const std::vector<RunMark>& runs) {
        for (const ProcessInfo& process : processes) {
            const auto found = by_leader_.find(process.pid);
            if (found == by_leader_.end()) continue;
            const std::uint64_t start_ticks = runs[found->second].start_ticks;
            if (start_ticks != 0 && start_ticks != process.start_ticks) by_leader_.erase(found);
        }
    }

    std::optional<std::size_t> find_by_numbers(const ProcessInfo& process) const {
        for (const int number : {process.session, process.group, process.pid}) {
            const auto found = by_leader_.find(number);
            if (found != by_leader_.end()) return found->second;
        }
        return std::nullopt;
    }

    bool is_ours(const Cookie& cookie) const {
        return !project_dir_.empty() && cookie.project_dir == project_dir_;
    }

    std::optional<std::size_t> find_by_cookie(const Cookie& cookie) const {
        const auto found = by_cookie_.find(cookie.run);
        if (!is_ours(cookie) || found == by_cookie_.end()) return std::nullopt;
        return found->second;
    }

private:
    std::string project_dir_;
    std::unordered_map<int, std::size_t> by_leader_;
    std::unordered_map<std::string, std::size_t> by_cookie_;
};

/// Walks parent links; every process is looked at once.
class Assignment {
public:
    Assignment(const Procfs& procfs,
               const ProjectMark& project,
               const std::vector<RunMark>& runs,
               const std::vector<ProcessInfo>& processes)
        : procfs_{procfs},
          project_{project},
          runs_{project.project_dir, runs},
          processes_{processes},
          places_(processes.size()) {
        for (std::size_t i = 0; i < processes.size(); ++i)
            by_pid_[processes[i].pid] = i;
        if (project.is_scattered || project.keeper_pid == 0) {
            runs_.drop_reused_numbers(processes, runs);
        }
    }

    std::vector<std::optional<std::size_t>> assign() {
        std::vector<std::optional<std::size_t>> assigned;
        assigned.reserve(processes_.size());
        for (std::size_t i = 0; i < processes_.size(); ++i)
            assigned.push_back(place_of(i).run);
        return assigned;
    }

private:
    struct Place {
        bool is_known = false;
        bool is_below_keeper = false;
        std::optional<std::size_t> run;
    };

    /// From the process up to the first ancestor whose place is known, then down again: a table
    /// that was read while processes came and went may even hold a circle of parents.
    Place place_of(std::size_t index) {
        std::vector<std::size_t> path;
        Place above;
        for (auto at = std::optional{index}; at && path.size() <= processes_.size();) {
            if (places_[*at].is_known) {
                above = places_[*at];
                break;
            }
            path.push_back(*at);
            at = parent_of(*at);
        }
        for (; !path.empty(); path.pop_back()) {
            above = place_below(above, processes_[path.back()]);
            places_[path.back()] = above;
        }
        return above;
    }

    std::optional<std::size_t> parent_of(std::size_t index) const {
        const auto found = by_pid_.find(processes_[index].parent);
        return found == by_pid_.end() ? std::nullopt : std::optional{found->second};
    }

    Place place_below(const Place& parent, const ProcessInfo& process) const {
        const bool is_anywhere = project_.is_scattered || project_.keeper_pid == 0;
        Place place{true, parent.is_below_keeper || is_anywhere, std::nullopt};
        const bool is_devstack =
            process.pid == project_.keeper_pid || process.pid == project_.daemon_pid;
        if (process.pid == project_.keeper_pid) place.is_below_keeper = true;
        if (is_devstack || !place.is_below_keeper) return place;
        place.run = runs_.find_by_numbers(process);
        if (!place.run) place.run = runs_.find_by_cookie(read_cookie(procfs_, process.pid));
        if (!place.run) place.run = parent.run;
        return place;
    }

    const Procfs& procfs_;
    const ProjectMark& project_;
    RunIndex runs_;
    const std::vector<ProcessInfo>& processes_;
    std::vector<Place> places_;
    std::unordered_map<int, std::size_t> by_pid_;
};

}  // namespace

std::string render_run_cookie(const std::string& service, std::uint32_t run_number) {
    return service + "#" + std::to_string(run_number);
}

std::vector<std::optional<std::size_t>> assign_runs(const Procfs& procfs,
                                                    const ProjectMark& project,
                                                    const std::vector<RunMark>& runs,
                                                    const std::vector<ProcessInfo>& processes) {
    return Assignment{procfs, project, runs, processes}.assign();
}

std::vector<std::vector<ProcessInfo>> collect_trees(const Procfs& procfs,
                                                    const ProjectMark& project,
                                                    const std::vector<RunMark>& runs) {
    std::vector<std::vector<ProcessInfo>> trees(runs.size());
    if (runs.empty()) return trees;
    std::vector<ProcessInfo> processes = platform::collect_processes(procfs);
    const auto assigned = assign_runs(procfs, project, runs, processes);
    for (std::size_t i = 0; i < processes.size(); ++i) {
        if (!assigned[i] || is_zombie(processes[i])) continue;
        trees[*assigned[i]].push_back(std::move(processes[i]));
    }
    return trees;
}

Kinship find_kinship(const Procfs& procfs,
                     const ProjectMark& project,
                     const std::vector<RunMark>& runs,
                     int pid) {
    // Deeper trees than this are no trees but a table that changes under our eyes.
    constexpr int depth_max = 1000;
    const bool is_devstack = pid == project.keeper_pid || pid == project.daemon_pid;
    if (pid <= 0 || is_devstack) return {};
    const RunIndex index{project.project_dir, runs};
    bool is_ours = false;
    for (int depth = 0; pid > 1 && depth < depth_max; ++depth) {
        const bool is_keeper = pid == project.keeper_pid;
        if (is_keeper) return {std::nullopt, true};
        const auto process = platform::find_process(procfs, pid);
        if (!process) break;
        if (const auto run = index.find_by_numbers(*process)) return {run, false};
        const Cookie cookie = read_cookie(procfs, pid);
        if (const auto run = index.find_by_cookie(cookie)) return {run, false};
        is_ours = is_ours || index.is_ours(cookie);
        pid = process->parent;
    }
    return {std::nullopt, is_ours};
}

}  // namespace devstack::daemon
