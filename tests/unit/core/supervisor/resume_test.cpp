#include "support/catch.hpp"
#include "support/scenario.hpp"

using namespace std::chrono_literals;
using namespace devstack::test;
using namespace devstack::core;

namespace {

const std::string resumed_with_none =
    "project: resumed (devstack's daemon had died and was started again; 0 processes went on "
    "without it)";
const std::string resumed_with_one =
    "project: resumed (devstack's daemon had died and was started again; 1 process went on "
    "without it)";

}  // namespace

TEST_CASE("a ready service stays ready and is asked about its health soon", "[unit][supervisor]") {
    Scenario s{service("api").with_health()};
    s.start("api");
    s.spawned("api");
    s.after(50ms);
    s.probe_passed("api");
    CHECK(s.daemon_dies({"api"}) == Trace{"ask api#1: is it healthy", resumed_with_one});
    CHECK(s.explain("api") == "api is ready: answered");
    CHECK(s.probe_failed("api", "no") == Trace{"api: health check failed (1 of 3): no"});
}

TEST_CASE("what was about to be started is started", "[unit][supervisor]") {
    Scenario s{service("api")};
    s.start("api");
    CHECK(s.daemon_dies({}) == Trace{"spawn api#1", resumed_with_none});
    SECTION("or is found to be there") {
        CHECK(s.daemon_dies({"api"}) == Trace{resumed_with_one});
        CHECK(s.after(1s) == Trace{"api: starting -> ready (has been alive for 1s)"});
    }
}

TEST_CASE("what was about to be started waits when its need has gone", "[unit][supervisor]") {
    Scenario s{service("db"), service("api").after("db")};
    s.bring_up("db");
    s.start("api");
    s.exited("db", {1, 0}, {{42, "helper"}});
    CHECK(s.daemon_dies({}) ==
          Trace{"api: starting -> waiting (it waits for db to be ready)", resumed_with_none});
}

TEST_CASE("a stop that was decided is asked for again", "[unit][supervisor]") {
    Scenario s{service("api")};
    s.bring_up("api");
    s.stop("api");
    CHECK(s.daemon_dies({"api"}) == Trace{"ask api#1 to stop", resumed_with_one});
    CHECK(s.exited("api", {0, 15}) ==
          Trace{"api: stopping -> stopped (asked to stop; ended by SIGTERM)"});
}

TEST_CASE("budget and delay count on", "[unit][supervisor]") {
    Scenario s{service("api")};
    s.start("api");
    s.spawned("api");
    s.exited("api", {1, 0});
    CHECK(s.daemon_dies({}) == Trace{resumed_with_none});
    CHECK(s.phase("api") == "backing-off");
    for (int i = 2; i <= 5; ++i) {
        s.after(30s);
        s.spawned("api");
        s.exited("api", {1, 0});
        s.daemon_dies({});
    }
    CHECK(s.phase("api") == "backing-off");
}

TEST_CASE("a process of which nothing is written down is taken over", "[unit][supervisor]") {
    Scenario s{service("api")};
    CHECK(s.daemon_dies({"api"}) ==
          Trace{"api: stopped -> starting (pid 101 was found running)", resumed_with_one});
}

TEST_CASE("one that has gone while nobody watched is started again", "[unit][supervisor]") {
    Scenario s{service("api")};
    s.bring_up("api");
    CHECK(s.daemon_dies({}) ==
          Trace{"api: ready -> backing-off (its process has gone while nobody watched)",
                resumed_with_none});
}

TEST_CASE("who has asked for everything to end need not ask again", "[unit][supervisor]") {
    Scenario s{service("api")};
    s.bring_up("api");
    s.shutdown();
    s.daemon_dies({"api"});
    s.exited("api", {0, 15});
    CHECK(s.supervisor().is_finished());
}
