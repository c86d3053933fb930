#include "support/catch.hpp"
#include "support/scenario.hpp"

using namespace std::chrono_literals;
using namespace devstack;
using namespace devstack::core;
using namespace devstack::test;

// Nothing ran for a while, devstack and the services alike: suspended, stopped, frozen.

TEST_CASE("a watchdog that could not be fed begins anew", "[unit][supervisor]") {
    Scenario s{service("api").notifies().with_watchdog(30s)};
    s.start("api");
    s.spawned("api");
    s.says("api", "READY=1");
    CHECK(s.late(1h, 59min).empty());
    CHECK(s.after(29s).empty());
    CHECK(s.after(1s).back() == "api: ready -> unhealthy (its watchdog has not heard it for 30s)");
}

TEST_CASE("who starts gets the lost time on top", "[unit][supervisor]") {
    Scenario s{service("api").with_ready()};
    s.start("api");
    s.spawned("api");
    CHECK(s.after(1s) == Trace{"ask api#1: is it ready"});
    // Late for the timeout, and the question on its way was dropped.
    CHECK(s.late(80s, 21s) == Trace{"ask api#1: is it ready"});
    CHECK(s.probe_failed("api", "connection refused").empty());
    CHECK(s.phase("api") == "starting");
    CHECK(s.after(5s).back().starts_with("api: starting -> stopping (was not ready within 1m"));
}

TEST_CASE("who is stopping is not killed before it could end", "[unit][supervisor]") {
    Scenario s{service("api")};
    s.bring_up("api");
    s.stop("api");
    CHECK(s.late(1h, 1h - 10s).empty());
    CHECK(s.after(4999ms).empty());
    CHECK_FALSE(s.after(1ms).empty());
}

TEST_CASE("a health check that was under way is made again", "[unit][supervisor]") {
    Scenario s{service("api").with_health().with_ready()};
    s.start("api");
    s.spawned("api");
    s.after(1s);
    s.probe_passed("api");
    CHECK(s.after(10s) == Trace{"ask api#1: is it healthy"});
    CHECK(s.late(1min, 48s) == Trace{"ask api#1: is it healthy"});
    CHECK(s.late(1min, 48s) == Trace{"ask api#1: is it healthy"});
}

TEST_CASE("a restart that is due comes at once", "[unit][supervisor]") {
    Scenario s{service("api")};
    s.bring_up("api");
    s.exited("api", {3, 0});
    CHECK_FALSE(s.late(1h, 59min).empty());
}
