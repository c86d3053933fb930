#include "devstack/platform/procfs.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

#include <sys/stat.h>

namespace devstack::diagnosis {

namespace {

using core::doctor::ProcessFact;
using core::doctor::TaskLimitFact;

struct Limit {
    int limit = 0;
    int used = 0;
    std::map<std::string, int> services;  ///< What each of them has.
};
using Limits = std::map<std::string, Limit>;  ///< By where it is from.

int read_number(const std::string& path) {
    const std::string text = read_small(path, 64);
    int number = 0;  // "max" is none.
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// Where the kernel shows the pids controller of the process' cgroup, cgroups(7): version 2 has one
/// hierarchy ("0::/path"), version 1 one of its own ("8:pids:/path"). Empty: nowhere.
std::vector<std::string> find_cgroups(int pid) {
    std::istringstream lines{read_small("/proc/" + std::to_string(pid) + "/cgroup", 4096)};
    std::vector<std::string> cgroups;
    for (std::string line; std::getline(lines, line);) {
        const auto name = line.find(':');
        const auto path = line.find(':', name + 1);
        if (name == line.npos || path == line.npos) continue;
        const std::string controllers = line.substr(name + 1, path - name - 1);
        if (controllers.empty()) cgroups.push_back("/sys/fs/cgroup" + line.substr(path + 1));
        if (controllers == "pids") cgroups.push_back("/sys/fs/cgroup/pids" + line.substr(path + 1));
    }
    return cgroups;
}

/// Of all that stand above the process, too: each of them holds.
void look_at_cgroups(const ProcessFact& process, Limits& limits) {
    for (std::string path : find_cgroups(process.pid)) {
        while (path.starts_with("/sys/fs/cgroup/")) {
            const std::string file = path + (path.ends_with('/') ? "" : "/") + "pids.max";
            Limit& fact = limits[file];
            if (fact.limit == 0) {
                fact.limit = read_number(file);
                fact.used = read_number(path + "/pids.current");
            }
            fact.services[process.service] += process.threads;
            path.erase(path.rfind('/'));
        }
    }
}

unsigned user_of(const std::string& directory) {
    struct stat status {};
    return ::stat(directory.c_str(), &status) == 0 ? status.st_uid : 0;
}

/// All threads of a user count, getrlimit(2); not root's.
int count_tasks_of(unsigned user) {
    int count = 0;
    for (const platform::ProcessInfo& it : platform::collect_processes({})) {
        const std::string directory = "/proc/" + std::to_string(it.pid);
        struct stat tasks {};
        const bool is_his = user_of(directory) == user;
        // A directory has a link from each directory in it, and two more (proc(5)).
        if (is_his && ::stat((directory + "/task").c_str(), &tasks) == 0) {
            count += static_cast<int>(tasks.st_nlink) - 2;
        }
    }
    return count;
}

void look_at_user(const ProcessFact& process, Limits& limits) {
    const std::string directory = "/proc/" + std::to_string(process.pid);
    const unsigned user = user_of(directory);
    const std::string text = read_small(directory + "/limits", 4096);
    const std::string name = "Max processes";
    const auto at = text.find(name);
    if (user == 0 || at == text.npos) return;
    std::istringstream words{text.substr(at + name.size())};
    int limit = 0;
    if (!(words >> limit)) return;
    Limit& fact = limits["ulimit -u of " + process.user];
    // Services may have different ones; who has the lowest meets it first.
    if (fact.used == 0) fact.used = count_tasks_of(user);
    if (fact.limit == 0 || limit < fact.limit) fact.limit = limit;
    fact.services[process.service] += process.threads;
}

}  // namespace

void collect_task_limits(Facts& facts) {
    Limits limits;
    for (const ProcessFact& process : facts.processes) {
        if (process.service.empty()) continue;
        look_at_cgroups(process, limits);
        look_at_user(process, limits);
    }
    for (const auto& [from, it] : limits) {
        constexpr int told_from_percent = 90;
        if (it.limit == 0 || it.used < it.limit * told_from_percent / 100) continue;
        TaskLimitFact fact{from, it.limit, it.used, {}, 0};
        for (const auto& [service, tasks] : it.services)
            fact.services.push_back(service);
        const auto tasks_of = [&services = it.services](const std::string& service) {
            return services.at(service);
        };
        std::ranges::stable_sort(fact.services, std::ranges::greater{}, tasks_of);
        fact.first_uses = it.services.at(fact.services.front());
        facts.task_limits.push_back(std::move(fact));
    }
}

}  // namespace devstack::diagnosis
