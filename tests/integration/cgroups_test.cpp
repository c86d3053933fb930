#include "daemon/cgroups.hpp"

#include "support/catch.hpp"
#include "support/fake_cgroups.hpp"

#include <filesystem>

#include <unistd.h>

using namespace devstack;
using namespace devstack::daemon;
using namespace devstack::test;

namespace {

const std::string project_dir = "/home/chi/shop";

core::CgroupLimits all_limits() {
    return {std::uint64_t{64} * 1024 * 1024, 150U, 100U};
}

/// As the kernel would make them.
std::string add_service(FakeCgroups& fake) {
    const Cgroups cgroups{fake.procfs(), project_dir};
    const std::string project = cgroups.directory().substr(fake.root().size());
    fake.add(project);
    fake.add(project + "/api");
    return project;
}

}  // namespace

TEST_CASE("limits are written where the kernel looks for them", "[integration][cgroup]") {
    FakeCgroups fake;
    const std::string project = add_service(fake);
    Cgroups cgroups{fake.procfs(), project_dir};
    const RunCgroup made = cgroups.make("api", all_limits());
    CHECK(made.directory == fake.root() + project + "/api");
    CHECK(made.problems.empty());
    CHECK(fake.read(project + "/api/memory.max") == "67108864");
    CHECK(fake.read(project + "/api/cpu.max") == "150000 100000");
    CHECK(fake.read(project + "/api/pids.max") == "100");
    // From level to level.
    // A plain file keeps the rest of what was written before.
    CHECK(fake.read("/cgroup.subtree_control").starts_with("+pids"));
    CHECK(fake.read(project + "/cgroup.subtree_control").starts_with("+pids"));
    CHECK(cgroups.find("api") == made.directory);
    CHECK(cgroups.find("web").empty());
}

TEST_CASE("a limit that can not be is told once, with what to do", "[integration][cgroup]") {
    FakeCgroups fake;
    SECTION("the controller is not there") {
        add_service(fake);
        fake.write("/cgroup.controllers", "hugetlb\n");
        Cgroups cgroups{fake.procfs(), project_dir};
        const RunCgroup made = cgroups.make("api", {std::nullopt, std::nullopt, 100U});
        CHECK_FALSE(made.directory.empty());
        CHECK(
            made.problems ==
            std::vector<std::string>{
                "runs without its `pids_limit`: the pids controller of cgroup v2 is not available "
                "in " +
                fake.root() +
                "; start devstack in a systemd unit with Delegate=yes, on a host where version 1 "
                "does not hold that controller"});
        CHECK(cgroups.make("api", {std::nullopt, std::nullopt, 100U}).problems.empty());
    }
    SECTION("version 2 is not there") {
        FakeProc proc;
        Cgroups cgroups{proc.procfs(), project_dir};
        const RunCgroup made = cgroups.make("api", {1024U, std::nullopt, std::nullopt});
        CHECK(made.directory.empty());
        CHECK(made.problems ==
              std::vector<std::string>{"runs without its `mem_limit`: cgroup v2 is "
                                       "not mounted here"});
        CHECK(cgroups.make("web", {}).problems.empty());
    }
    SECTION("it is not ours") {
        std::filesystem::remove(fake.root() + "/cgroup.procs");
        Cgroups cgroups{fake.procfs(), project_dir};
        CHECK(cgroups.directory().empty());
        CHECK(cgroups.make("api", {std::nullopt, 50U, std::nullopt}).problems ==
              std::vector<std::string>{
                  "runs without its `cpus`: the cgroup " + fake.root() +
                  " is not ours to divide; start devstack in a systemd unit with Delegate=yes"});
    }
}

TEST_CASE("the kernel's OOM killer is named with the limit", "[integration][cgroup]") {
    FakeCgroups fake;
    CHECK(describe_oom_kill("").empty());
    CHECK(describe_oom_kill(fake.root()).empty());
    fake.write("/memory.events", "oom 1\noom_kill 1\n");
    CHECK(describe_oom_kill(fake.root()) == "killed by the kernel's OOM killer");
    fake.write("/memory.max", "67108864\n");
    CHECK(describe_oom_kill(fake.root()) ==
          "killed by the kernel's OOM killer: memory limit 64 MiB");
}

TEST_CASE("cgroups that a ledger names are taken when they are the project's",
          "[integration][cgroup]") {
    FakeCgroups fake;
    const Cgroups here{fake.procfs(), project_dir};
    const std::string name = here.directory().substr(fake.root().size());
    core::api::LedgerProcess process;
    process.cgroup = "/sys/fs/cgroup/elsewhere.scope" + name + "/api";
    CHECK(cgroups_of(project_dir, {process, process}) == std::vector{process.cgroup});
    process.cgroup = "/sys/fs/cgroup/system.slice/ssh.service";
    CHECK(cgroups_of(project_dir, {process}).empty());
}
