// A host's stack with the real components: nginx, Node, a Vite build, FastAPI with SQLite.

#include "stack_world.hpp"
#include "support/catch.hpp"

#include <csignal>

using namespace devstack;
using namespace devstack::test;
using namespace std::chrono_literals;

namespace {

StackWorld::Setting host() {
    StackWorld::Setting setting;
    setting.profile = "host";
    setting.application = "host";
    setting.texts = {"nginx/nginx.conf"};
    setting.ports = {3002, 8889, 8000, 9527, 8088};
    setting.mode = core::Mode::host;
    return setting;
}

const std::vector<std::string> all_well = {
    "admin ready", "admin-api ready", "backend ready", "frontend ready", "nginx ready"};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a host's stack comes up, serves, is repaired, and goes down without a trace",
          "[integration][stack]") {
    if (!has_programs({"npm", "/usr/sbin/nginx", "/usr/bin/uvicorn", "curl"})) return;
    const StackWorld world{host()};

    const CommandResult up = world.devstack("up -d --wait --timeout 240s", 250s);
    INFO(up.output);
    REQUIRE(up.exit_code == 0);
    CHECK(world.phases() == all_well);
    CHECK(contains(world.fetch(world.url(8088, "/")), "<h1>Templates</h1>"));
    CHECK(contains(world.fetch(world.url(8088, "/admin/")), "<h1>Admin</h1>"));
    const std::string templates = R"({"served_by":"backend","templates":["banana","postcard"]})";
    CHECK(world.fetch(world.url(8088, "/api/templates")) == templates);

    // The backend dies.
    const auto nginx = world.service("nginx");
    world.kill_and_wait_for_repair("backend");
    CHECK(world.fetch(world.url(8088, "/api/templates")) == templates);
    CHECK(world.service("nginx").pid == nginx.pid);

    // The master of nginx dies and leaves its worker, which holds the port.
    world.kill_and_wait_for_repair("nginx");
    CHECK(world.fetch(world.url(8088, "/api/templates")) == templates);
    CHECK(world.phases() == all_well);

    CHECK(world.fetch(world.url(8088, "/admin/api/templates/menu"), "--request PUT") ==
          R"({"added":"menu"})");
    CHECK(contains(world.fetch(world.url(8088, "/api/templates")), "menu"));

    const CommandResult down = world.devstack("down", 60s);
    INFO(down.output);
    CHECK(down.exit_code == 0);
    CHECK(world.leftovers() == std::vector<std::string>{});
    CHECK(world.devstack("status").exit_code == 3);
}

TEST_CASE("a backend that hangs is noticed by its health check and replaced",
          "[integration][stack]") {
    if (!has_programs({"npm", "/usr/sbin/nginx", "/usr/bin/uvicorn", "curl"})) return;
    const StackWorld world{host()};
    // What it needs comes with it; the others stay down.
    const CommandResult up =
        world.devstack("up devstack.toml backend -d --wait --timeout 60s", 70s);
    INFO(up.output);
    REQUIRE(up.exit_code == 0);

    const core::api::StateMessage before = world.state();
    const core::api::ServiceState backend = world.service("backend");
    REQUIRE(::kill(backend.pid, SIGSTOP) == 0);
    const auto noticed = world.wait_for_event(before.cursor, 40s, [](const auto& event) {
        return event.service == "backend" && event.to == "unhealthy";
    });
    CHECK(contains(noticed.why, "no answer within 2s"));
    world.wait_for_event(noticed.sequence, 40s, [&](const auto& event) {
        return event.service == "backend" && event.to == "ready" && event.run > backend.run;
    });
    CHECK(contains(world.fetch(world.url(3002, "/api/health")), "\"ok\":true"));
    CHECK(world.devstack("down", 60s).exit_code == 0);
    CHECK(world.leftovers() == std::vector<std::string>{});
}
