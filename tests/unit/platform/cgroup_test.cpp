#include "devstack/platform/cgroup.hpp"

#include "support/catch.hpp"
#include "support/fake_cgroups.hpp"

#include <unistd.h>

using namespace devstack;
using namespace devstack::platform;
using namespace devstack::test;

namespace {

std::optional<std::string> own_cgroup(const std::string& mount, const std::string& cgroup) {
    FakeProc proc;
    proc.write("self/mountinfo", mount);
    proc.write("self/cgroup", cgroup);
    return find_own_cgroup(proc.procfs());
}

const std::string whole = "25 24 0:22 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n";

}  // namespace

TEST_CASE("where we are among cgroups", "[unit][cgroup]") {
    CHECK(own_cgroup(whole, "0::/user.slice/a.scope\n") == "/sys/fs/cgroup/user.slice/a.scope");
    CHECK(own_cgroup(whole, "12:pids:/x\n1:name=systemd:/y\n0::/\n") == "/sys/fs/cgroup");
    CHECK(own_cgroup("1 2 0:3 / /with\\040blank rw - cgroup2 cgroup2 rw\n", "0::/a\n") ==
          "/with blank/a");
    // As in a container that shows a part of the hierarchy.
    const std::string part = "1 2 0:3 /docker/4711 /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
    CHECK(own_cgroup(part, "0::/docker/4711/app\n") == "/sys/fs/cgroup/app");
    CHECK(own_cgroup(part, "0::/docker/4711\n") == "/sys/fs/cgroup");

    CHECK(own_cgroup(part, "0::/elsewhere\n") == std::nullopt);
    CHECK(own_cgroup(whole, "0::/../outside\n") == std::nullopt);
    CHECK(own_cgroup("1 2 0:3 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n", "0::/\n") ==
          std::nullopt);
    CHECK(own_cgroup(whole, "4:memory:/a\n") == std::nullopt);
    CHECK(own_cgroup("", "") == std::nullopt);
}

TEST_CASE("what the files of a cgroup tell", "[unit][cgroup]") {
    FakeCgroups fake;
    CHECK(find_own_cgroup(fake.procfs()) == fake.root());
    CHECK(is_cgroup_delegated(fake.root()));
    CHECK_FALSE(is_cgroup_delegated(fake.root() + "/nothing"));
    CHECK(has_controller(fake.root(), "cpu"));
    CHECK_FALSE(has_controller(fake.root(), "cpus"));

    fake.write("/cgroup.events", "populated 1\nfrozen 0\n");
    CHECK(is_cgroup_populated(fake.root()));
    fake.write("/cgroup.events", "populated 0\nfrozen 1\n");
    CHECK_FALSE(is_cgroup_populated(fake.root()));
    CHECK_FALSE(is_cgroup_populated(fake.root() + "/nothing"));

    fake.write("/cgroup.procs", "12\n7\n");
    fake.add("/below");
    fake.write("/below/cgroup.procs", "99\n");
    CHECK(list_cgroup_processes(fake.root()) == std::vector{12, 7});
    CHECK(collect_cgroup_processes(fake.root()) == std::vector{12, 7, 99});

    CHECK(read_memory_limit(fake.root()) == std::nullopt);
    fake.write("/memory.max", "max\n");
    CHECK(read_memory_limit(fake.root()) == std::nullopt);
    fake.write("/memory.max", "67108864\n");
    CHECK(read_memory_limit(fake.root()) == 67108864U);
    CHECK(count_oom_kills(fake.root()) == 0);
    fake.write("/memory.events", "low 0\nhigh 0\nmax 31\noom 2\noom_kill 3\noom_group_kill 0\n");
    CHECK(count_oom_kills(fake.root()) == 3);
}

TEST_CASE("what a cgroup can not be told is an error that names the file", "[unit][cgroup]") {
    const std::string nowhere = "/proc/nothing";
    CHECK(set_cgroup(nowhere, "memory.max", "1").error().message ==
          "cannot write 1 to /proc/nothing/memory.max: No such file or directory");
    CHECK(create_cgroup("/proc/nothing/at/all").error().message ==
          "cannot make the cgroup /proc/nothing/at/all: No such file or directory");
    CHECK(remove_cgroup(nowhere).has_value());
}
