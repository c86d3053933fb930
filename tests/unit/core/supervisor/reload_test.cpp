#include "support/catch.hpp"
#include "support/scenario.hpp"

using namespace std::chrono_literals;
using namespace devstack::test;
using namespace devstack::core;

TEST_CASE("a reload without changes touches nothing", "[unit][supervisor][reload]") {
    Scenario s{service("db"), service("api").after("db")};
    s.bring_up("db");
    CHECK(s.reload({service("db"), service("api").after("db")}) ==
          Trace{"project: reloaded (reloaded 0 services, 2 unchanged)"});
    CHECK(s.explain("db") == "db is ready: has been alive for 1s");
}

TEST_CASE("what has changed ends with its old settings and starts with the new ones",
          "[unit][supervisor][reload]") {
    Scenario s{service("db"), service("api").stopped_by(2)};
    s.bring_up("db");
    s.bring_up("api");
    CHECK(s.reload({service("api").running("faster").stopped_by(3), service("db")}) ==
          Trace{"ask api#1 to stop by signal 2",
                "api: ready -> stopping (the profile has changed: command changed, stop_signal "
                "changed)",
                "project: reloaded (reloaded 1 service (api: command changed, stop_signal "
                "changed), 1 unchanged)"});
    CHECK(s.exited("api", {0, 2}) ==
          Trace{"spawn api#2",
                "api: stopping -> stopped (has ended, and is started again: the profile has "
                "changed: command changed, stop_signal changed)",
                "api: stopped -> starting (it was asked for)"});
    s.spawned("api");
    CHECK(s.stop("api") ==
          Trace{"ask api#2 to stop by signal 3", "api: starting -> stopping (asked to stop)"});
}

TEST_CASE("the old stop_timeout counts for the end of the old run", "[unit][supervisor][reload]") {
    ServiceSpec slow = service("api");
    slow.plan.stop_timeout = 30s;
    Scenario s{slow};
    s.bring_up("api");
    s.reload({service("api").running("faster")});
    CHECK(s.after(29s).empty());
    CHECK(s.after(1s) == Trace{"kill api#1", "api: SIGKILL to what is left: pid 101"});
}

TEST_CASE("what has gone is stopped, after what needs it, and forgotten",
          "[unit][supervisor][reload]") {
    Scenario s{service("db").stopped_by(2), service("api").after("db"), service("web")};
    for (const char* name : {"db", "api", "web"})
        s.bring_up(name);
    CHECK(s.reload({service("web")}) ==
          Trace{"ask api#1 to stop",
                "project: reloaded (reloaded 0 services, 2 removed (db, api), 1 unchanged)",
                "api: ready -> stopping (it has gone from the profile)"});
    CHECK(s.supervisor().services().size() == 3);
    CHECK(s.start("db").empty());
    CHECK(s.restart("db").empty());
    CHECK(s.exited("api", {0, 15}) ==
          Trace{"ask db#1 to stop by signal 2",
                "api: stopping -> stopped (it has gone from the profile; ended by SIGTERM)",
                "db: ready -> stopping (it has gone from the profile)"});
    s.exited("db", {0, 2});
    CHECK(s.supervisor().services().size() == 1);
    CHECK_FALSE(s.supervisor().find("db").has_value());
}

TEST_CASE("what is new starts with all it needs, a task only if it is needed",
          "[unit][supervisor][reload]") {
    Scenario s{service("idle"), service("web")};
    s.bring_up("web");
    CHECK(s.reload({service("idle"),
                    task("migrate"),
                    task("seed"),
                    service("api").after("idle").after("migrate", NeedCondition::completed),
                    service("web")}) ==
          Trace{"spawn idle#1",
                "spawn migrate#1",
                "project: reloaded (reloaded 0 services, 3 added (migrate, seed, api), 2 "
                "unchanged)",
                "idle: stopped -> starting (it was asked for)",
                "migrate: stopped -> starting (it was asked for)",
                "api: stopped -> waiting (it waits for idle to be ready)"});
    CHECK(s.phase("seed") == "stopped");
}

TEST_CASE("a service that waits waits for what the new profile says",
          "[unit][supervisor][reload]") {
    Scenario s{service("db"), service("api").after("db")};
    s.start("api");
    CHECK(s.phase("api") == "waiting");
    CHECK(s.reload({service("db"), service("api")}) ==
          Trace{"spawn api#1",
                "api: the profile has changed: depends_on changed",
                "project: reloaded (reloaded 0 services, 1 adjusted without a restart (api: "
                "depends_on changed), 1 unchanged)",
                "api: waiting -> starting (it was asked for)"});
}

TEST_CASE("dependents of what is replaced wait or are left alone", "[unit][supervisor][reload]") {
    Scenario s{service("db"), service("api").after("db"), service("web").after("db")};
    for (const char* name : {"db", "api", "web"})
        s.bring_up(name);
    s.reload({service("db").running("other"),
              service("api").after("db").running("other"),
              service("web").after("db")});
    CHECK(s.phase("web") == "ready");
    CHECK(s.exited("api", {0, 15}) ==
          Trace{"api: stopping -> stopped (has ended, and is started again: the profile has "
                "changed: command changed)",
                "api: stopped -> waiting (it waits for db to be ready)"});
    s.exited("db", {0, 15});
    s.spawned("db");
    CHECK(s.after(1s) == Trace{"spawn api#2",
                               "db: starting -> ready (has been alive for 1s)",
                               "api: waiting -> starting (all it needs is there)"});
}

TEST_CASE("what has failed is tried again when its profile has changed",
          "[unit][supervisor][reload]") {
    Scenario s{service("api").restart(RestartMode::no), service("web").restart(RestartMode::no)};
    for (const char* name : {"api", "web"}) {
        s.bring_up(name);
        s.exited(name, {1, 0});
    }
    const Trace trace = s.reload({service("api").restart(RestartMode::no).running("mended"),
                                  service("web").restart(RestartMode::no)});
    CHECK(trace ==
          Trace{"spawn api#2",
                "api: failed -> stopped (the profile has changed: command changed)",
                "project: reloaded (reloaded 1 service (api: command changed), 1 unchanged)",
                "api: stopped -> starting (it was asked for)"});
    CHECK(s.phase("web") == "failed");
}

TEST_CASE("what nobody wants stays down when its profile has changed",
          "[unit][supervisor][reload]") {
    Scenario s{service("api")};
    CHECK(s.reload({service("api").running("other")}) ==
          Trace{"project: reloaded (reloaded 1 service (api: command changed), 0 unchanged)"});
    CHECK(s.phase("api") == "stopped");
}

TEST_CASE("a task that has run runs again only if something needs it",
          "[unit][supervisor][reload]") {
    Scenario s{
        task("seed"), task("migrate"), service("api").after("migrate", NeedCondition::completed)};
    for (const char* name : {"seed", "migrate"}) {
        s.start(name);
        s.spawned(name);
        s.exited(name, {0, 0});
    }
    s.bring_up("api");
    const Trace trace = s.reload({task("seed").running("other"),
                                  task("migrate").running("other"),
                                  service("api").after("migrate", NeedCondition::completed)});
    CHECK(s.phase("seed") == "stopped");
    CHECK(s.phase("migrate") == "starting");
    CHECK(s.phase("api") == "ready");
    CHECK(trace.front() == "spawn migrate#2");
}

TEST_CASE("a health check is taken on, changed and dropped without a restart",
          "[unit][supervisor][reload]") {
    Scenario s{service("api")};
    s.bring_up("api");
    CHECK(s.reload({service("api").with_health()}) ==
          Trace{"ask api#1: is it healthy",
                "api: the profile has changed: health changed",
                "project: reloaded (reloaded 0 services, 1 adjusted without a restart (api: health "
                "changed), 0 unchanged)"});
    CHECK(s.supervisor().next_deadline() == std::nullopt);
    s.probe_failed("api", "no");
    CHECK(s.supervisor().next_deadline() != std::nullopt);
    s.reload({service("api")});
    CHECK(s.supervisor().next_deadline() == std::nullopt);
    CHECK(s.phase("api") == "ready");
}

TEST_CASE("what is unhealthy is ready when nobody asks any more", "[unit][supervisor][reload]") {
    Scenario s{service("api").with_health().restart(RestartMode::no)};
    s.start("api");
    s.spawned("api");
    s.after(50ms);
    s.probe_passed("api");
    for (int i = 0; i < 3; ++i) {
        s.after(10s);
        s.probe_failed("api", "no");
    }
    REQUIRE(s.phase("api") == "unhealthy");
    s.reload({service("api").restart(RestartMode::no)});
    CHECK(s.explain("api") == "api is ready: it has no health check any more");
}

TEST_CASE("a service that comes back while it leaves starts with what is new",
          "[unit][supervisor][reload]") {
    Scenario s{service("api").stopped_by(2), service("web")};
    s.bring_up("api");
    s.reload({service("web")});
    CHECK(s.phase("api") == "stopping");
    s.reload({service("web"), service("api").running("other")});
    CHECK(s.exited("api", {0, 2}) ==
          Trace{"spawn api#2",
                "api: stopping -> stopped (has ended, and is started again: it has gone from the "
                "profile)",
                "api: stopped -> starting (it was asked for)"});
}

TEST_CASE("a daemon that dies in the middle of a reload goes on with it",
          "[unit][supervisor][reload]") {
    Scenario s{service("db").stopped_by(2), service("api").stopped_by(3), service("web")};
    for (const char* name : {"db", "api", "web"})
        s.bring_up(name);
    s.reload({service("new"), service("web"), service("api").running("other")});
    s.spawned("new");
    const Trace trace = s.daemon_dies({"new", "db", "api", "web"});
    CHECK(trace.at(0) == "ask db#1 to stop by signal 2");
    CHECK(trace.at(1) == "ask api#1 to stop by signal 3");
    CHECK(s.phase("web") == "ready");
    s.exited("api", {0, 3});
    CHECK(s.phase("api") == "starting");
    s.exited("db", {0, 2});
    CHECK_FALSE(s.supervisor().find("db").has_value());
    s.spawned("api");
    CHECK(s.stop("api") == Trace{"ask api#2 to stop", "api: starting -> stopping (asked to stop)"});

    SECTION("also when it dies again") {
        s.daemon_dies({"new", "api", "web"});
        CHECK(s.phase("api") == "stopping");
        CHECK(s.phase("web") == "ready");
    }
}

TEST_CASE("nothing is reloaded while everything is being stopped", "[unit][supervisor][reload]") {
    Scenario s{service("api")};
    s.bring_up("api");
    s.shutdown();
    CHECK(s.reload({service("api"), service("web")}).empty());
}
