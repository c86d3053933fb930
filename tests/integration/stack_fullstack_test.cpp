// A laptop's stack with the real components: Vite, Express, PostgreSQL, Redis.

#include "stack_world.hpp"
#include "support/catch.hpp"

using namespace devstack::test;
using namespace std::chrono_literals;

namespace {

StackWorld::Setting fullstack() {
    StackWorld::Setting setting;
    setting.profile = "fullstack";
    setting.application = "fullstack";
    setting.ports = {3200, 3101, 5432, 6379};
    return setting;
}

const std::vector<std::string> all_well = {
    "api ready", "migrate completed", "postgres ready", "redis ready", "web ready"};

/// What a click in the browser does: through Vite to Express to PostgreSQL and Redis.
std::string visit(const StackWorld& world) {
    return world.fetch(world.url(3200, "/api/visits/home"), "--request POST");
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a laptop's stack comes up, serves, is repaired, and goes down without a trace",
          "[integration][stack]") {
    if (!has_programs({"npm", "psql", "redis-server", "curl"})) return;
    const StackWorld world{fullstack()};

    // The first time everything is installed and created. Ready means: no request fails.
    const CommandResult up = world.devstack("up -d --wait --timeout 240s", 250s);
    INFO(up.output);
    REQUIRE(up.exit_code == 0);
    CHECK(world.phases() == all_well);
    CHECK(contains(world.fetch(world.url(3200, "/")), "<h1>fullstack</h1>"));
    CHECK(visit(world) == R"({"page":"home","stored":1,"counted":1})");
    CHECK(visit(world) == R"({"page":"home","stored":2,"counted":2})");

    // The API dies: it alone starts anew, and nothing is lost.
    const auto web = world.service("web");
    world.kill_and_wait_for_repair("api");
    CHECK(world.phases() == all_well);
    CHECK(world.service("web").pid == web.pid);
    CHECK(visit(world) == R"({"page":"home","stored":3,"counted":3})");

    // Redis dies: what it counted is gone, the API finds it again by itself.
    world.kill_and_wait_for_repair("redis");
    REQUIRE(world.devstack("up -d --wait --timeout 60s", 70s).exit_code == 0);
    CHECK(visit(world) == R"({"page":"home","stored":4,"counted":1})");

    // PostgreSQL dies, and its processes, each in a session of its own, with it: the next one
    // could not start if one was left. Not a row is lost.
    world.kill_and_wait_for_repair("postgres");
    REQUIRE(world.devstack("up -d --wait --timeout 60s", 70s).exit_code == 0);
    CHECK(visit(world) == R"({"page":"home","stored":5,"counted":2})");

    const CommandResult down = world.devstack("down", 60s);
    INFO(down.output);
    CHECK(down.exit_code == 0);
    CHECK(world.leftovers() == std::vector<std::string>{});
    CHECK(world.devstack("status").exit_code == 3);

    // The second time nothing needs to be installed, and what was stored is there.
    const CommandResult again = world.devstack("up -d --wait --timeout 60s", 70s);
    INFO(again.output);
    REQUIRE(again.exit_code == 0);
    CHECK_FALSE(contains(world.devstack("events").output, "it has not run here yet"));
    CHECK(visit(world) == R"({"page":"home","stored":6,"counted":1})");
    CHECK(world.devstack("down", 60s).exit_code == 0);
    CHECK(world.leftovers() == std::vector<std::string>{});
}
