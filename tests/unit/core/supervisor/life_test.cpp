#include "support/catch.hpp"
#include "support/scenario.hpp"

using namespace std::chrono_literals;
using namespace devstack;
using namespace devstack::core;
using namespace devstack::test;

TEST_CASE("without probe and port a service is ready when it has lived a second",
          "[unit][supervisor]") {
    Scenario s{service("worker")};
    s.start("worker");
    CHECK(s.spawned("worker").empty());
    CHECK(s.after(999ms).empty());
    CHECK(s.after(1ms) == Trace{"worker: starting -> ready (has been alive for 1s)"});
    CHECK(s.supervisor().next_deadline() == std::nullopt);
}

TEST_CASE("readiness is asked for often at first and then every second", "[unit][supervisor]") {
    Scenario s{service("api").with_ready()};
    s.start("api");
    s.spawned("api");
    std::vector<long> asked_at;
    for (long ms = 50; ms <= 8000; ms += 50) {
        if (s.after(50ms).empty()) continue;
        asked_at.push_back(ms);
        s.probe_failed("api", "no");
    }
    CHECK(std::vector<long>(asked_at.begin(), asked_at.begin() + 6) ==
          std::vector<long>{50, 100, 200, 400, 650, 900});
    CHECK(asked_at[asked_at.size() - 1] - asked_at[asked_at.size() - 2] == 1000);
}

TEST_CASE("a service that is not ready in time is ended and tried again", "[unit][supervisor]") {
    Scenario s{service("api").with_ready()};
    s.start("api");
    s.spawned("api");
    s.after(50ms);
    s.probe_failed("api", "status 503, wanted 200-299");
    CHECK(s.after(1min) ==
          Trace{"ask api#1 to stop",
                "api: starting -> stopping (was not ready within 1m: status 503, wanted 200-299)"});
    CHECK(s.exited("api", {0, 15}) ==
          Trace{"crash record of api#1",
                "api: stopping -> backing-off (was not ready within 1m: status 503, wanted "
                "200-299)"});
}

TEST_CASE("a hanging service is asked for its dump before it is restarted", "[unit][supervisor]") {
    Scenario s{service("api").with_health().dumping_by(3)};
    s.start("api");
    s.spawned("api");
    s.after(50ms);
    s.probe_passed("api");
    for (int i = 0; i < 2; ++i) {
        s.after(10s);
        s.probe_failed("api", "no answer within 2s");
    }
    s.after(10s);
    CHECK(s.probe_failed("api", "no answer within 2s") ==
          Trace{"signal 3 to the group of api#1",
                "collect evidence of api#1",
                "api: health check failed (3 of 3): no answer within 2s",
                "api: ready -> unhealthy (failed 3 health checks in a row: no answer within 2s)"});

    SECTION("the dump may end it: it is restarted all the same, and whatever its code") {
        CHECK(s.exited("api", {0, 0}) ==
              Trace{"crash record of api#1",
                    "api: unhealthy -> backing-off (was unhealthy: no answer within 2s; exited "
                    "with code 0)"});
        CHECK(s.evidence_collected("api").empty());
    }
}

TEST_CASE("three failed health checks in a row restart a service, with evidence first",
          "[unit][supervisor]") {
    Scenario s{service("api").with_health()};
    s.start("api");
    s.spawned("api");
    s.after(50ms);
    CHECK(s.probe_passed("api") == Trace{"api: starting -> ready (answered)"});
    CHECK(s.after(10s) == Trace{"ask api#1: is it healthy"});
    CHECK(s.probe_failed("api", "no answer within 2s") ==
          Trace{"api: health check failed (1 of 3): no answer within 2s"});
    CHECK(s.explain("api") == "api is ready: but its last 1 answer failed: no answer within 2s");

    SECTION("an answer in between forgives") {
        s.after(10s);
        CHECK(s.probe_passed("api") == Trace{"api: answers again: answered"});
        s.after(10s);
        CHECK(s.probe_failed("api", "no") == Trace{"api: health check failed (1 of 3): no"});
    }
    SECTION("the third one is one too many") {
        s.after(10s);
        s.probe_failed("api", "no");
        s.after(10s);
        CHECK(s.probe_failed("api", "no") ==
              Trace{"collect evidence of api#1",
                    "api: health check failed (3 of 3): no",
                    "api: ready -> unhealthy (failed 3 health checks in a row: no)"});
        CHECK(s.evidence_collected("api") ==
              Trace{"ask api#1 to stop", "api: unhealthy -> stopping (was unhealthy: no)"});
        CHECK(s.exited("api", {0, 15}) ==
              Trace{"crash record of api#1", "api: stopping -> backing-off (was unhealthy: no)"});
        CHECK(s.after(600ms).front() == "spawn api#2");
    }
}

TEST_CASE("an unhealthy service that may not be restarted can recover", "[unit][supervisor]") {
    Scenario s{service("api").with_health().restart(RestartMode::no)};
    s.start("api");
    s.spawned("api");
    s.after(50ms);
    s.probe_passed("api");
    for (int i = 0; i < 3; ++i) {
        s.after(10s);
        s.probe_failed("api", "no");
    }
    CHECK(s.phase("api") == "unhealthy");
    CHECK(s.after(10s) == Trace{"ask api#1: is it healthy"});
    CHECK(s.probe_passed("api") == Trace{"api: unhealthy -> ready (answers again: answered)"});
}

TEST_CASE("a prepare step runs before the service when it has to", "[unit][supervisor]") {
    Scenario s{service("web").with_prepare()};
    CHECK(s.start("web") ==
          Trace{"check prepare of web#1", "web: stopped -> preparing (it was asked for)"});

    SECTION("needed") {
        CHECK(s.prepare_needed("web", "node_modules is missing") ==
              Trace{"spawn prepare of web#1"});
        CHECK(s.explain("web") ==
              "web is preparing: `npm install` runs first: node_modules is missing");
        s.spawned("web");
        SECTION("and succeeds") {
            CHECK(s.exited("web", {0, 0}) ==
                  Trace{"record web#1 as prepared",
                        "spawn web#2",
                        "web: preparing -> starting (its prepare step has succeeded)"});
        }
        SECTION("and fails") {
            CHECK(s.exited("web", {1, 0}) ==
                  Trace{"crash record of web#1",
                        "web: preparing -> failed (its prepare step (npm install) exited with code "
                        "1)"});
        }
        SECTION("and is stopped in the middle of it") {
            CHECK(s.stop("web") ==
                  Trace{"ask web#1 to stop", "web: preparing -> stopping (asked to stop)"});
            CHECK(s.exited("web", {0, 15}) ==
                  Trace{"web: stopping -> stopped (asked to stop; ended by SIGTERM)"});
        }
    }
    SECTION("not needed") {
        CHECK(s.prepare_not_needed("web") ==
              Trace{"spawn web#2",
                    "web: preparing -> starting (its prepare step has nothing to do)"});
    }
}

TEST_CASE("a signal goes to the service's own process", "[unit][supervisor]") {
    Scenario s{service("api")};
    CHECK(s.signal("api", 1).empty());
    s.bring_up("api");
    CHECK(s.signal("api", 1) == Trace{"signal 1 to api#1", "api: SIGHUP was sent on request"});
}

TEST_CASE("late news of an earlier run is ignored", "[unit][supervisor]") {
    Scenario s{service("api")};
    s.bring_up("api");
    s.exited("api", {1, 0});
    s.after(1s);
    CHECK(s.phase("api") == "starting");
    CHECK(s.exited_in_run("api", 1, {1, 0}).empty());
    CHECK(s.phase("api") == "starting");
}
