#include "support/catch.hpp"
#include "support/scenario.hpp"

using namespace std::chrono_literals;
using namespace devstack;
using namespace devstack::core;
using namespace devstack::test;

TEST_CASE("a service starts only when all it needs is ready", "[unit][supervisor]") {
    Scenario s{service("db").with_ready(), service("web").after("db")};

    CHECK(s.start("web") == Trace{"spawn db#1",
                                  "db: stopped -> starting (it was asked for)",
                                  "web: stopped -> waiting (it waits for db to be ready)"});
    CHECK(
        s.explain("web") ==
        "web is waiting: it waits for db to be ready; db is starting: it is being spawned: it was "
        "asked for");

    CHECK(s.spawned("db").empty());
    CHECK(s.after(50ms) == Trace{"ask db#1: is it ready"});
    CHECK(s.probe_failed("db", "connection refused by 127.0.0.1:5432").empty());
    CHECK(s.explain("web") ==
          "web is waiting: it waits for db to be ready; db is starting: pid 101 is not ready yet: "
          "connection refused by 127.0.0.1:5432");
    CHECK(s.after(50ms) == Trace{"ask db#1: is it ready"});
    CHECK(s.probe_passed("db") == Trace{"spawn web#1",
                                        "db: starting -> ready (answered)",
                                        "web: waiting -> starting (all it needs is there)"});
}

TEST_CASE("a condition decides what a dependent waits for", "[unit][supervisor]") {
    SECTION("started: the process exists") {
        Scenario s{service("db").with_ready(), service("web").after("db", NeedCondition::started)};
        s.start("web");
        CHECK(s.spawned("db") ==
              Trace{"spawn web#1", "web: waiting -> starting (all it needs is there)"});
    }
    SECTION("completed: the task has succeeded") {
        Scenario s{task("migrate"), service("web").after("migrate", NeedCondition::completed)};
        CHECK(s.start("web") ==
              Trace{"spawn migrate#1",
                    "migrate: stopped -> starting (it was asked for)",
                    "web: stopped -> waiting (it waits for migrate to be completed)"});
        CHECK(s.spawned("migrate") == Trace{"migrate: starting -> ready (runs to completion)"});
        CHECK(s.exited("migrate", {0, 0}) ==
              Trace{"spawn web#1",
                    "migrate: ready -> completed (exited with code 0)",
                    "web: waiting -> starting (all it needs is there)"});
    }
    SECTION("a task that fails keeps its dependents waiting, and says why") {
        Scenario s{task("migrate"), service("web").after("migrate", NeedCondition::completed)};
        s.start("web");
        s.spawned("migrate");
        CHECK(s.exited("migrate", {1, 0}) ==
              Trace{"crash record of migrate#1", "migrate: ready -> failed (exited with code 1)"});
        CHECK(
            s.explain("web") ==
            "web is waiting: it waits for migrate to be completed; migrate is failed: exited with "
            "code 1");
    }
}

TEST_CASE("a completed need is not run again because someone needs it", "[unit][supervisor]") {
    Scenario s{task("migrate"), service("web").after("migrate", NeedCondition::completed)};
    s.start("web");
    s.spawned("migrate");
    s.exited("migrate", {0, 0});
    CHECK(s.start("web").empty());
    SECTION("but it is when it is asked for by name") {
        CHECK(s.start("migrate") == Trace{"spawn migrate#2",
                                          "migrate: completed -> stopped (asked for again)",
                                          "migrate: stopped -> starting (it was asked for)"});
    }
}

TEST_CASE("a crash of a need leaves running dependents alone", "[unit][supervisor]") {
    Scenario s{service("db"), service("web").after("db")};
    s.bring_up("db");
    s.bring_up("web");
    CHECK(s.exited("db", {1, 0}) ==
          Trace{"crash record of db#1", "db: ready -> backing-off (exited with code 1)"});
    CHECK(s.phase("web") == "ready");
}

TEST_CASE("restart_with takes a dependent along", "[unit][supervisor]") {
    Scenario s{service("db"), service("web").after("db").restart_with("db")};
    s.bring_up("db");
    s.bring_up("web");
    CHECK(s.exited("db", {1, 0}) == Trace{"ask web#1 to stop",
                                          "crash record of db#1",
                                          "web: ready -> stopping (db is restarted)",
                                          "db: ready -> backing-off (exited with code 1)"});
    CHECK(s.exited("web", {0, 15}) ==
          Trace{"web: stopping -> stopped (has ended, and is started again: db is restarted)",
                "web: stopped -> waiting (it waits for db to be ready)"});
}

TEST_CASE("a waiting service is waited for through restarts of its need", "[unit][supervisor]") {
    Scenario s{service("db"), service("web").after("db")};
    s.start("web");
    s.spawned("db");
    s.exited("db", {1, 0});
    CHECK(s.phase("web") == "waiting");
    CHECK(s.after(1s).front() == "spawn db#2");
    s.spawned("db");
    CHECK(s.after(1s).front() == "spawn web#1");
}
