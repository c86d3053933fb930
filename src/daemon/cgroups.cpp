#include "daemon/cgroups.hpp"

#include "devstack/base/text.hpp"
#include "devstack/platform/cgroup.hpp"

#include "project/path_hash.hpp"

#include <algorithm>
#include <filesystem>

namespace devstack::daemon {

namespace {

/// In the project's cgroup, beside those of services: no name of a service begins with a dot.
constexpr const char* own_leaf = "/.devstack";

std::string name_of_project(const std::string& project_dir) {
    return "/devstack-" + project::hash_of_path(project_dir);
}

/// The cgroup that holds that of the project: ours, unless we have moved into the latter.
std::string find_place(const platform::Procfs& procfs, const std::string& project_dir) {
    std::string own = platform::find_own_cgroup(procfs).value_or("");
    const std::string leaf = name_of_project(project_dir) + own_leaf;
    if (own.ends_with(leaf)) own.resize(own.size() - leaf.size());
    return own;
}

std::string parent_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

}  // namespace

Cgroups::Cgroups(const platform::Procfs& procfs, const std::string& project_dir)
    : procfs_{procfs}, own_{find_place(procfs, project_dir)} {
    if (!own_.empty() && platform::is_cgroup_delegated(own_)) {
        directory_ = own_ + name_of_project(project_dir);
    }
}

RunCgroup Cgroups::make(const std::string& service, const core::CgroupLimits& limits) {
    RunCgroup made;
    if (!directory_.empty() && platform::create_cgroup(directory_) &&
        platform::create_cgroup(directory_ + "/" + service)) {
        made.directory = directory_ + "/" + service;
    }
    if (limits.memory) {
        limit("memory", "mem_limit", "memory.max", std::to_string(*limits.memory), made);
    }
    if (limits.cpu_percent) {
        // Of a period of 100 ms.
        constexpr std::uint64_t share = 1000;
        limit("cpu",
              "cpus",
              "cpu.max",
              std::to_string(*limits.cpu_percent * share) + " 100000",
              made);
    }
    if (limits.processes) {
        limit("pids", "pids_limit", "pids.max", std::to_string(*limits.processes), made);
    }
    return made;
}

void Cgroups::limit(const std::string& controller,
                    const std::string& key,
                    const std::string& file,
                    const std::string& value,
                    RunCgroup& made) {
    const std::string act = "runs without its `" + key + "`: ";
    if (made.directory.empty()) {
        return tell_once(
            act + (own_.empty() ? "cgroup v2 is not mounted here"
                                : "the cgroup " + own_ +
                                      " is not ours to divide; start devstack in a systemd unit "
                                      "with Delegate=yes"),
            made);
    }
    std::string problem;
    if (!can_have(controller, problem)) return tell_once(act + problem, made);
    const Status set = platform::set_cgroup(made.directory, file, value);
    if (!set) tell_once(act + set.error().message, made);
}

/// From where we are down to the services.
bool Cgroups::can_have(const std::string& controller, std::string& problem) {
    if (!platform::has_controller(own_, controller)) {
        problem = "the " + controller + " controller of cgroup v2 is not available in " + own_ +
                  "; start devstack in a systemd unit with Delegate=yes, on a host where version "
                  "1 does not hold that controller";
        return false;
    }
    if (!platform::has_controller(directory_, controller)) {
        if (const Status handed = hand_on(controller); !handed) {
            problem = handed.error().message;
            return false;
        }
    }
    const Status handed = platform::hand_on_controller(directory_, controller);
    if (!handed) problem = handed.error().message;
    return handed.has_value();
}

Status Cgroups::hand_on(const std::string& controller) {
    Status handed = platform::hand_on_controller(own_, controller);
    if (handed || handed.error().kind != Error::Kind::busy) return handed;
    if (Status made = make_room(); !made) return made;
    return platform::hand_on_controller(own_, controller);
}

/// A cgroup that hands controllers on holds no processes: those of ours go into one of their own.
Status Cgroups::make_room() const {
    const std::string leaf = directory_ + own_leaf;
    if (Status made = platform::create_cgroup(leaf); !made) return made;
    const auto program_of = [this](const std::string& process) {
        std::error_code ignored;
        return std::filesystem::read_symlink(procfs_.root + "/" + process + "/exe", ignored);
    };
    const auto ours = program_of("self");
    for (const int pid : platform::list_cgroup_processes(own_)) {
        if (program_of(std::to_string(pid)) == ours) {
            if (Status moved = platform::move_to_cgroup(leaf, pid); !moved) return moved;
            continue;
        }
        const std::string name = platform::read_program_name(procfs_, pid);
        return Error{
            Error::Kind::busy,
            "other processes live in the cgroup " + own_ + " (" + name + ", pid " +
                std::to_string(pid) +
                "), so that it can not be divided; start devstack in a systemd unit of its "
                "own with Delegate=yes"};
    }
    return ok();
}

void Cgroups::tell_once(std::string problem, RunCgroup& made) {
    // Of each service, since the message does not name it.
    const std::string key = made.directory + "\n" + problem;
    if (told_.insert(key).second) made.problems.push_back(std::move(problem));
}

std::string Cgroups::find(const std::string& service) const {
    const std::string path = directory_ + "/" + service;
    std::error_code ignored;
    return !directory_.empty() && std::filesystem::is_directory(path, ignored) ? path : "";
}

void Cgroups::remove_empty() const {
    if (directory_.empty()) return;
    for (const std::string& name : platform::list_cgroups(directory_)) {
        const std::string cgroup = directory_ + "/" + name;
        if (!platform::is_cgroup_populated(cgroup)) (void)platform::remove_cgroup(cgroup);
    }
    if (platform::list_cgroups(directory_).empty()) (void)platform::remove_cgroup(directory_);
}

std::vector<std::string> cgroups_of(const std::string& project_dir,
                                    const std::vector<core::api::LedgerProcess>& processes) {
    const std::string name = name_of_project(project_dir);
    const std::string here = find_place(platform::Procfs{}, project_dir) + name;
    std::vector<std::string> found;
    for (const std::string& service : platform::list_cgroups(here)) {
        if (!service.starts_with('.')) found.push_back(here + "/" + service);
    }
    for (const core::api::LedgerProcess& process : processes) {
        // Nothing but a cgroup of this project is ours, whatever a file says.
        const bool is_its = parent_of(process.cgroup).ends_with(name);
        const bool is_news = std::ranges::find(found, process.cgroup) == found.end();
        if (is_its && is_news) found.push_back(process.cgroup);
    }
    return found;
}

std::string describe_oom_kill(const std::string& cgroup) {
    if (cgroup.empty() || platform::count_oom_kills(cgroup) == 0) return "";
    const auto limit = platform::read_memory_limit(cgroup);
    return "killed by the kernel's OOM killer" +
           (limit ? ": memory limit " + render_bytes(*limit) : "");
}

}  // namespace devstack::daemon
