#include "cli/status_view.hpp"

#include "support/catch.hpp"

using namespace devstack;
using namespace devstack::cli;
using core::api::ServiceState;
using core::api::StateMessage;

namespace {

ServiceState service(const std::string& name, const std::string& phase, const std::string& why) {
    ServiceState it;
    it.name = name;
    it.kind = "service";
    it.phase = phase;
    it.why = why;
    it.is_wanted = true;
    return it;
}

StateMessage shop() {
    StateMessage state;
    state.project = "shop";
    state.project_dir = "/home/chi/shop";
    state.status = "running";
    ServiceState postgres = service("postgres", "ready", "connect to localhost:5432 succeeded");
    postgres.pid = 812;
    postgres.uptime_seconds = 7500.9;
    postgres.ports = {{"", 5432}};
    postgres.health = {"healthy", "connect to localhost:5432", "connected", 0};
    postgres.usage = core::api::UsageState{0.25, 12 * 1024 * 1024, 3};
    ServiceState api = service("api", "backing-off", "api is backing-off: exited with code 3");
    api.restarts = 4;
    api.ports = {{"http", 3101}, {"debug", 9229}};
    api.health = {"unhealthy", "GET http://localhost:3101/health", "status 503", 3};
    api.differences = {"api declared 3101 and listens on 3001"};
    ServiceState idle = service("worker", "stopped", "nobody has asked for it yet");
    idle.is_wanted = false;
    state.services = {postgres, api, idle};
    return state;
}

}  // namespace

TEST_CASE("status in a pipe is plain columns, whole", "[unit][cli]") {
    const StateMessage state = shop();
    CHECK(
        render_status(state, {}) ==
        "SERVICE   PHASE        PID  PORT                   UPTIME  RESTARTS  HEALTH               "
        "    CPU  MEMORY  REASON\n"
        "postgres  ready        812  5432                    2h 5m         0  healthy              "
        "   0.2%  12 MiB  connect to localhost:5432 succeeded\n"
        "api       backing-off    -  http 3101, debug 9229       -         4  unhealthy (3 "
        "failures)     -       -  exited with code 3\n"
        "worker    stopped        -  -                           -         0  -                   "
        "       -       -  nobody has asked for it yet\n"
        "note: api declared 3101 and listens on 3001\n");
}

TEST_CASE("on a terminal the project stands above, and problems are marked", "[unit][cli]") {
    const StateMessage state = shop();
    const std::string text = render_status(state, {true, false, 200});
    CHECK(text.rfind("shop  running, 1 of 2 services ready, 1 problem  /home/chi/shop\n\n"
                     "  SERVICE ",
                     0) == 0);
    CHECK(text.find("\n! api ") != std::string::npos);
    CHECK(text.find("\n  postgres ") != std::string::npos);
    CHECK(text.find("\n  worker ") != std::string::npos);
}

TEST_CASE("all is well when all that is wanted is ready or completed", "[unit][cli]") {
    CHECK(is_all_well({}));
    CHECK(is_all_well({service("a", "ready", ""), service("b", "completed", "")}));
    for (const char* const phase : {"waiting",
                                    "blocked",
                                    "preparing",
                                    "starting",
                                    "unhealthy",
                                    "stopping",
                                    "backing-off",
                                    "failed",
                                    "stopped"}) {
        ServiceState it = service("a", phase, "");
        CHECK_FALSE(is_all_well({it}));
        it.is_wanted = false;
        CHECK(is_all_well({it}));
    }
    ServiceState lazy = service("lazy", "waiting", "");
    lazy.awaits_connection = true;
    CHECK(is_all_well({lazy}));
}

TEST_CASE("what is stale or not watched any more is noted below the table", "[unit][cli]") {
    StateMessage state = shop();
    state.services[0].stale = {"command changed", "environment PORT added"};
    state.services[0].watch_suspended = "its files are not watched any more";
    const std::string text = render_status(state, {false, false, 200});
    CHECK(
        text.ends_with("note: postgres is stale: command changed, environment PORT added; devstack "
                       "reload applies it\n"
                       "note: postgres: its files are not watched any more\n"
                       "note: api declared 3101 and listens on 3001\n"));
}

TEST_CASE("a health check that begins to fail is told with its count", "[unit][cli]") {
    CHECK(render_health({"none", "", "", 0}).empty());
    CHECK(render_health({"healthy", "p", "a", 1}) == "healthy (1 failure)");
    CHECK(render_health({"unknown", "p", "", 0}) == "unknown");
}

TEST_CASE("what the doctor has found is told below the table, once for all it concerns",
          "[unit][cli]") {
    StateMessage state = shop();
    core::api::FindingMessage finding;
    finding.cause = "Redis is not running.";
    finding.confidence = "sure";
    state.services[0].finding = finding;
    state.services[1].finding = finding;
    finding.cause = "The disk is full.";
    finding.confidence = "probable";
    state.services[2].finding = finding;
    const std::string text = render_status(state, Terminal{});
    CHECK(text.substr(text.find("cause: ")) ==
          "cause: postgres and api: Redis is not running.\n"
          "cause: worker: probably: The disk is full.\n");
}
