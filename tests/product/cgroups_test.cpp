#include "devstack/platform/cgroup.hpp"
#include "devstack/platform/procfs.hpp"
#include "devstack/project/ledger_file.hpp"

#include "support/catch.hpp"
#include "support/test_project.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>

using namespace std::chrono_literals;
using namespace devstack::test;
namespace platform = devstack::platform;

// With the kernel's own cgroups, where they are ours to make.

namespace {

bool has_cgroups() {
    const auto own = platform::find_own_cgroup(platform::Procfs{});
    if (own && platform::is_cgroup_delegated(*own)) return true;
    WARN("no cgroup v2 here that is ours to divide");
    return false;
}

/// In a session of its own, without our variables, and its parent gone.
const std::string hiding = R"(
[project]
cgroups = true
[service.api]
command = "env -i setsid sh -c 'echo $$$$; exec sleep 1000' & exec sleep 1000"
stop_timeout = "300ms"
)";

int hidden_pid(const TestProject& project) {
    int pid = 0;
    REQUIRE(eventually([&] {
        const std::string log = project.read_file(".devstack/logs/api.log");
        pid = log.find('\n') == std::string::npos ? 0 : std::stoi(log);
        return pid != 0;
    }));
    return pid;
}

std::string cgroup_of(int pid) {
    const std::string own = platform::find_own_cgroup(platform::Procfs{}).value_or("");
    for (const auto& entry : std::filesystem::recursive_directory_iterator{own}) {
        if (entry.path().filename() != "cgroup.procs") continue;
        const std::string directory = entry.path().parent_path();
        const std::vector<int> pids = platform::list_cgroup_processes(directory);
        if (std::ranges::find(pids, pid) != pids.end()) return directory;
    }
    return "";
}

}  // namespace

TEST_CASE("no process hides from the cgroup of its service", "[integration][cgroup]") {
    if (!has_cgroups()) return;
    TestProject project{hiding};
    project.bring_up();
    const int hidden = hidden_pid(project);
    const std::string cgroup = cgroup_of(hidden);
    CHECK(cgroup.ends_with("/api"));
    CHECK(cgroup_of(project.pid_of("api")) == cgroup);
    const CommandResult stop = project.devstack({"stop", "api"});
    INFO(stop.output << stop.error);
    CHECK(stop.code == 0);
    CHECK_FALSE(is_alive(hidden));
    CHECK_FALSE(std::filesystem::exists(cgroup));

    CHECK(project.devstack({"start", "api"}).code == 0);
    kill_process(project.pid_of("api"), SIGKILL);
    project.await_phase("api", "backing-off");
    CHECK(project.devstack({"down"}).code == 0);
    CHECK_FALSE(std::filesystem::exists(std::filesystem::path{cgroup}.parent_path()));
}

TEST_CASE("a daemon that was killed knows the cgroups of before", "[integration][cgroup]") {
    if (!has_cgroups()) return;
    TestProject project{hiding};
    project.bring_up();
    const int hidden = hidden_pid(project);
    const std::string cgroup = cgroup_of(hidden);
    const std::string status = project.devstack({"status", "--json"}).output;
    kill_process(std::stoi(status.substr(status.find("\"daemon_pid\":") + 13)), SIGKILL);
    const CommandResult stop = project.devstack({"stop", "api"});
    INFO(stop.output << stop.error);
    CHECK(stop.code == 0);
    CHECK_FALSE(is_alive(hidden));
    CHECK_FALSE(std::filesystem::exists(cgroup));
}

TEST_CASE("what keeper and daemon leave in cgroups when both are killed is ended",
          "[integration][cgroup]") {
    if (!has_cgroups()) return;
    TestProject project{hiding};
    project.bring_up();
    const int hidden = hidden_pid(project);
    const std::string cgroup = cgroup_of(hidden);
    const std::string status = project.devstack({"status", "--json"}).output;
    const int daemon = std::stoi(status.substr(status.find("\"daemon_pid\":") + 13));
    const int keeper = std::stoi(status.substr(status.find("\"keeper_pid\":") + 13));
    kill_process(keeper, SIGSTOP);
    kill_process(daemon, SIGKILL);
    kill_process(keeper, SIGKILL);
    REQUIRE(eventually([&] { return !is_alive(keeper) && !is_alive(daemon); }));
    CHECK(is_alive(hidden));
    project.bring_up();
    CHECK_FALSE(is_alive(hidden));
    const std::string events = project.devstack({"events"}).output;
    CHECK(events.find("that an earlier devstack had left behind: ") != std::string::npos);
    CHECK(events.find("pid " + std::to_string(hidden) + " (sleep 1000)") != std::string::npos);
}

TEST_CASE("a limit without its controller is told, and the service runs", "[integration][cgroup]") {
    if (!has_cgroups()) return;
    const auto own = platform::find_own_cgroup(platform::Procfs{});
    if (platform::has_controller(*own, "memory")) return;
    TestProject project{
        "[service.api]\ncommand = [\"@CHILD@\", \"wait\"]\nmem_limit = \"64MiB\"\n"};
    project.bring_up();
    const std::string events = project.devstack({"events"}).output;
    CHECK(
        events.find("api: runs without its `mem_limit`: the memory controller of cgroup v2 is not "
                    "available in " +
                    *own +
                    "; start devstack in a systemd unit with Delegate=yes, on a host where version "
                    "1 does not hold that controller") != std::string::npos);
}
