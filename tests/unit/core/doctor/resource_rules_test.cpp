// What the machine has too little of.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

World full_world(const std::string& from) {
    World world;
    world.facts.task_limits = {{from, 100, 100, {"web", "api"}, 90}};
    return world;
}

}  // namespace

TEST_CASE("a limit of processes that is reached is told with who uses them", "[unit][doctor]") {
    SECTION("of a cgroup") {
        World world = full_world("/sys/fs/cgroup/app.slice/pids.max");
        world.say("api", "RuntimeError: can't start new thread");
        const Finding finding = world.findings().at(0);
        CHECK(world.findings().size() == 1);
        CHECK(finding.id == "too-many-processes");
        CHECK(finding.service == "web");
        CHECK(finding.affects == std::vector<std::string>{"api"});
        CHECK(finding.what ==
              "No more processes and threads can be started: 100 of 100 are there "
              "(/sys/fs/cgroup/app.slice/pids.max), 90 of them of web.");
        CHECK(finding.evidence.back() == "cat /sys/fs/cgroup/app.slice/pids.max: 100");
        CHECK(finding.fix ==
              "see what web starts and does not end (ps -eLf), and devstack restart web; if all of "
              "them are needed raise pids_limit, TasksMax= of the unit or the container's limit");
    }
    SECTION("of a user") {
        World world = full_world("ulimit -u of deploy");
        world.say("web", "Error: spawn /usr/bin/convert EAGAIN");
        const Finding finding = world.findings().at(0);
        CHECK(finding.affects.empty());
        CHECK(finding.evidence.back() == "ps -L -u deploy | wc -l");
        CHECK(finding.fix ==
              "see what web starts and does not end (ps -eLf), and devstack restart web; if all of "
              "them are needed raise ulimits = { nproc = … }");
    }
}

TEST_CASE("a limit of processes of which nobody complains is no alarm", "[unit][doctor]") {
    World world = full_world("ulimit -u of deploy");
    CHECK(world.findings().empty());
    // Another thing that is unavailable for a moment.
    world.say("api", "recv: Resource temporarily unavailable");
    CHECK(world.findings().empty());
    // It was reached, and is not any more.
    world.say("api", "fork: retry: Resource temporarily unavailable");
    world.facts.task_limits[0].used = 95;
    CHECK(world.findings().size() == 1);
    world.facts.task_limits.clear();
    CHECK(world.findings().empty());
}
