#include "devstack/daemon/survivors.hpp"

#include "devstack/base/text.hpp"
#include "devstack/platform/cgroup.hpp"
#include "devstack/platform/kill.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_set>

namespace devstack::daemon {

namespace {

using platform::ProcessInfo;
using platform::Procfs;

constexpr std::size_t command_size_max = 100;

bool is_alive(const ProcessInfo& process) {
    return process.state != 'Z' && process.state != 'X';
}

bool is_devstack(const ProjectMark& project, int pid) {
    return pid == project.keeper_pid || pid == project.daemon_pid;
}

LivingProcess describe_process(const Procfs& procfs, const ProcessInfo& process) {
    std::string command = sane_text(join(platform::read_command_line(procfs, process.pid), " "));
    if (command.empty()) command = sane_text(process.name);
    if (command.size() > command_size_max) {
        std::size_t end = command_size_max;
        const auto is_inside_character = [&] {
            return (static_cast<unsigned char>(command[end]) & 0xC0U) == 0x80U;
        };
        while (end > 0 && is_inside_character())
            --end;
        command = command.substr(0, end) + "…";
    }
    return {process.pid, process.start_ticks, std::move(command)};
}

/// The keeper's children besides the daemon and living leaders; empty optional when that can not be
/// known for sure. The kernel builds the list while children come and go and may skip one then
/// (proc(5)), so it counts only when two readings agree.
std::optional<std::vector<int>> collect_unknown_children(const Procfs& procfs,
                                                         const ProjectMark& project,
                                                         const std::vector<RunMark>& living) {
    constexpr int readings_max = 4;
    if (project.keeper_pid == 0 || project.is_scattered) return std::nullopt;
    auto children = platform::collect_children(procfs, project.keeper_pid);
    for (int reading = 1; children; ++reading) {
        if (reading == readings_max) return std::nullopt;
        auto again = platform::collect_children(procfs, project.keeper_pid);
        const bool do_agree = again == children;
        children = std::move(again);
        if (do_agree) break;
    }
    if (!children) return std::nullopt;
    std::vector<int> known{project.daemon_pid};
    for (const RunMark& run : living)
        known.push_back(run.leader_pid);
    std::ranges::sort(known);
    std::erase_if(*children, [&](int pid) { return std::ranges::binary_search(known, pid); });
    return children;
}

bool has_living(const Procfs& procfs, const std::vector<int>& pids) {
    return std::ranges::any_of(pids, [&](int pid) {
        const auto process = platform::find_process(procfs, pid);
        return process && is_alive(*process);
    });
}

/// True for everything that has the keeper above it.
std::vector<bool> find_descendants(const std::vector<ProcessInfo>& processes, int ancestor) {
    std::unordered_set<int> family{ancestor};
    std::vector<bool> is_descendant(processes.size(), false);
    for (bool has_grown = ancestor != 0; has_grown;) {
        has_grown = false;
        for (std::size_t i = 0; i < processes.size(); ++i) {
            if (is_descendant[i] || !family.contains(processes[i].parent)) continue;
            is_descendant[i] = true;
            family.insert(processes[i].pid);
            has_grown = true;
        }
    }
    return is_descendant;
}

/// The process and all above it: who started devstack is no leftover, whatever its environment
/// says.
std::unordered_set<int> find_ancestors(const Procfs& procfs, int pid) {
    std::unordered_set<int> ancestors;
    while (pid > 1 && ancestors.insert(pid).second) {
        const auto process = platform::find_process(procfs, pid);
        pid = process ? process->parent : 0;
    }
    return ancestors;
}

}  // namespace

SurvivorReport collect_survivors(const Procfs& procfs,
                                 const ProjectMark& project,
                                 const std::vector<RunMark>& ended,
                                 const std::vector<RunMark>& living) {
    SurvivorReport report;
    report.of_run.resize(ended.size());
    const auto unknown = collect_unknown_children(procfs, project, living);
    if (unknown && !has_living(procfs, *unknown)) return report;

    // Living runs last: where a number was given anew, it is theirs.
    std::vector<RunMark> runs = ended;
    runs.insert(runs.end(), living.begin(), living.end());
    const auto processes = platform::collect_processes(procfs);
    const auto assigned = assign_runs(procfs, project, runs, processes);
    const auto is_below_keeper = find_descendants(processes, project.keeper_pid);
    for (std::size_t i = 0; i < processes.size(); ++i) {
        const bool is_of_ended_run = assigned[i] && *assigned[i] < ended.size();
        const bool is_stray =
            !assigned[i] && is_below_keeper[i] && !is_devstack(project, processes[i].pid);
        if (!is_alive(processes[i]) || (!is_of_ended_run && !is_stray)) continue;
        auto& list = is_stray ? report.strays : report.of_run[*assigned[i]];
        list.push_back(describe_process(procfs, processes[i]));
    }
    return report;
}

std::vector<LivingProcess> collect_leftovers(const Procfs& procfs,
                                             const ProjectMark& project,
                                             const std::vector<RunMark>& known,
                                             const std::vector<RunMark>& kept) {
    const auto processes = platform::collect_processes(procfs);
    const auto is_below_keeper = find_descendants(processes, project.keeper_pid);
    auto devstack = find_ancestors(procfs, project.keeper_pid);
    devstack.merge(find_ancestors(procfs, project.daemon_pid));
    std::unordered_set<int> numbers;
    for (const RunMark& run : known) {
        const auto leader = platform::find_process(procfs, run.leader_pid);
        const bool is_it = leader && run.start_ticks == leader->start_ticks;
        if (is_it && run.start_ticks != 0) numbers.insert(run.leader_pid);
    }
    std::unordered_set<int> members;
    for (const std::string& cgroup : project.cgroups) {
        for (const int pid : platform::collect_cgroup_processes(cgroup))
            members.insert(pid);
    }
    ProjectMark anywhere = project;
    anywhere.is_scattered = true;
    const auto keepers = assign_runs(procfs, anywhere, kept, processes);
    std::vector<LivingProcess> leftovers;
    for (std::size_t i = 0; i < processes.size(); ++i) {
        const ProcessInfo& process = processes[i];
        if (process.start_ticks < project.born_after) continue;
        if (is_below_keeper[i] || devstack.contains(process.pid) || !is_alive(process)) continue;
        if (keepers[i]) continue;
        const bool is_known = numbers.contains(process.session) ||
                              numbers.contains(process.group) || members.contains(process.pid);
        if (!is_known && platform::read_environment_variable(
                             procfs, process.pid, project_dir_variable) != project.project_dir) {
            continue;
        }
        leftovers.push_back(describe_process(procfs, process));
    }
    return leftovers;
}

std::vector<LivingProcess> collect_hidden(const Procfs& procfs,
                                          const std::string& cgroup,
                                          const std::vector<LivingProcess>& known) {
    std::vector<LivingProcess> hidden;
    for (const int pid : platform::collect_cgroup_processes(cgroup)) {
        const auto process = platform::find_process(procfs, pid);
        const bool is_known =
            std::ranges::any_of(known, [pid](const LivingProcess& it) { return it.pid == pid; });
        if (process && is_alive(*process) && !is_known) {
            hidden.push_back(describe_process(procfs, *process));
        }
    }
    return hidden;
}

std::vector<core::Survivor> to_survivors(const std::vector<LivingProcess>& processes) {
    std::vector<core::Survivor> survivors;
    survivors.reserve(processes.size());
    std::ranges::transform(processes, std::back_inserter(survivors), [](const auto& process) {
        return core::Survivor{process.pid, process.command};
    });
    return survivors;
}

std::vector<Error> signal_survivors(const Procfs& procfs,
                                    const std::vector<LivingProcess>& processes,
                                    int signal) {
    std::vector<Error> failures;
    for (const LivingProcess& process : processes) {
        Status status = platform::signal_process(procfs, process.pid, process.start_ticks, signal);
        if (!status && status.error().kind != Error::Kind::not_found) {
            failures.push_back(std::move(status).error());
        }
    }
    return failures;
}

void kill_survivors(const Procfs& procfs, const std::function<std::vector<LivingProcess>()>& list) {
    platform::kill_family(procfs, [&] {
        std::vector<ProcessInfo> processes;
        for (const LivingProcess& it : list()) {
            ProcessInfo& process = processes.emplace_back();
            process.pid = it.pid;
            process.start_ticks = it.start_ticks;
        }
        return processes;
    });
}

}  // namespace devstack::daemon
