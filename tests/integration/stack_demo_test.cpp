// The first thing that anybody tries: the demo, brought up, hurt, looked at and taken down.

#include "stack_world.hpp"
#include "support/catch.hpp"

#include <csignal>

using namespace devstack::test;
using namespace std::chrono_literals;

namespace {

StackWorld::Setting demo() {
    StackWorld::Setting setting;
    setting.profile = "demo";
    setting.ports = {5380, 5301, 5300};
    return setting;
}

const std::vector<std::string> all_well = {
    "api ready", "greet completed", "store ready", "visitor ready", "web ready"};

}  // namespace

TEST_CASE("the demo comes up, is repaired, and goes down without a trace", "[integration][stack]") {
    const StackWorld world{demo()};

    const CommandResult up = world.devstack("up -d --wait --timeout 30s", 40s);
    INFO(up.output);
    REQUIRE(up.exit_code == 0);
    CHECK(world.phases() == all_well);
    CHECK(world.fetch(world.url(5300, "/")).find("You are visitor number") != std::string::npos);

    const auto web = world.service("web");
    world.kill_and_wait_for_repair("api");
    CHECK(world.phases() == all_well);
    CHECK(world.service("web").pid == web.pid);  // Others go on through it.
    CHECK(world.fetch(world.url(5300, "/")).find("You are visitor number") != std::string::npos);

    const CommandResult down = world.devstack("down");
    INFO(down.output);
    CHECK(down.exit_code == 0);
    CHECK(world.leftovers() == std::vector<std::string>{});
    CHECK(world.devstack("status").exit_code == 3);
}

TEST_CASE("`up -d` lets go of the terminal and of pipes", "[integration][stack]") {
    const StackWorld world{demo()};
    const CommandResult up =
        world.shell("'" DEVSTACK_BINARY "' up -d --wait --timeout 30s | cat >/dev/null", 40s);
    CHECK(up.exit_code == 0);  // 124 if a process that stays keeps the pipe open.
    CHECK(world.devstack("down").exit_code == 0);
}

TEST_CASE("Ctrl-C on `up` takes everything down", "[integration][stack]") {
    const StackWorld world{demo()};
    RunningCommand up{world, "up"};
    REQUIRE(up.shows("sees: devstack", 30s));  // The visitor is the last to start.
    up.send_signal(SIGINT);
    const int exit_code = up.wait_for_end(20s);
    INFO(up.output());
    CHECK(exit_code == 0);
    CHECK(world.leftovers() == std::vector<std::string>{});
    CHECK(world.devstack("status").exit_code == 3);
}
