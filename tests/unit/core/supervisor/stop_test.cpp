#include "support/catch.hpp"
#include "support/scenario.hpp"

using namespace std::chrono_literals;
using namespace devstack;
using namespace devstack::core;
using namespace devstack::test;

TEST_CASE("dependents stop before what they need", "[unit][supervisor]") {
    Scenario s{service("db"), service("web").after("db")};
    s.bring_up("db");
    s.bring_up("web");

    CHECK(s.shutdown() == Trace{"ask web#1 to stop",
                                "project: stopping (asked to stop everything)",
                                "web: ready -> stopping (everything is being stopped)"});
    CHECK(s.exited("web", {0, 15}) ==
          Trace{"ask db#1 to stop",
                "web: stopping -> stopped (everything is being stopped; ended by SIGTERM)",
                "db: ready -> stopping (everything is being stopped)"});
    CHECK_FALSE(s.supervisor().is_finished());
    CHECK(s.exited("db", {0, 0}) ==
          Trace{"db: stopping -> stopped (everything is being stopped; exited with code 0)",
                "project: stopped (nothing is left running)"});
    CHECK(s.supervisor().is_finished());
}

TEST_CASE("who dies before its turn to stop is not started again", "[unit][supervisor]") {
    Scenario s{service("db"), service("web").after("db")};
    s.bring_up("db");
    s.bring_up("web");
    s.shutdown();
    SECTION("by itself: that has its record") {
        const Trace answer = s.exited("db", {3, 0});
        CHECK(answer.back() == "db: ready -> stopped (exited with code 3)");
        CHECK(s.last_record().why == "exited with code 3");
        CHECK(s.last_record().decision == "everything is being stopped");
    }
    SECTION("with the keeper: that is no news") {
        core::ExitStatus status;
        status.is_unknown = true;
        CHECK(s.exited("db", status) ==
              Trace{"db: ready -> stopped (ended while it had no parent: its exit status is not "
                    "known)"});
        CHECK(s.last_record().why.empty());
    }
    s.exited("web", {0, 15});
    CHECK(s.supervisor().is_finished());
}

TEST_CASE("what is independent stops in parallel", "[unit][supervisor]") {
    Scenario s{service("a"), service("b")};
    s.bring_up("a");
    s.bring_up("b");
    const Trace answer = s.shutdown();
    CHECK(Trace(answer.begin(), answer.begin() + 2) == Trace{"ask b#1 to stop", "ask a#1 to stop"});
}

TEST_CASE("stopping a service stops what needs it, and nothing it needs", "[unit][supervisor]") {
    Scenario s{service("db"), service("api").after("db"), service("web").after("api")};
    s.bring_up("db");
    s.bring_up("api");
    s.bring_up("web");
    CHECK(s.stop("api") == Trace{"ask web#1 to stop", "web: ready -> stopping (asked to stop)"});
    s.exited("web", {0, 15});
    s.exited("api", {0, 15});
    CHECK(s.phase("api") == "stopped");
    CHECK(s.phase("db") == "ready");
}

TEST_CASE("a process that ignores the request to stop is killed after the grace",
          "[unit][supervisor]") {
    Scenario s{service("web")};
    s.bring_up("web");
    s.stop("web");

    CHECK(s.after(9999ms).empty());
    CHECK(s.after(1ms) == Trace{"kill web#1", "web: SIGKILL to what is left: pid 101"});
    CHECK(s.after(1s) == Trace{"kill web#1"});
    CHECK(s.explain("web") ==
          "web is stopping: asked to stop; pid 101 has not ended yet; SIGKILL was sent");
    CHECK(s.exited("web", {0, 9}) ==
          Trace{"web: stopping -> stopped (asked to stop; was killed by SIGKILL)"});
}

TEST_CASE("a service is stopped only when nothing of it is left", "[unit][supervisor]") {
    Scenario s{service("web")};
    s.bring_up("web");
    s.stop("web");
    CHECK(s.exited("web", {0, 15}, {{777, "node"}}) == Trace{"ask web#1 to stop (strays)"});
    CHECK(s.phase("web") == "stopping");
    CHECK(s.explain("web") == "web is stopping: asked to stop; still there: pid 777 (node)");
    CHECK(s.after(10s) == Trace{"kill web#1", "web: SIGKILL to what is left: pid 777 (node)"});
    CHECK(s.survivors("web", {}) ==
          Trace{"web: stopping -> stopped (asked to stop; ended by SIGTERM)"});
}

TEST_CASE("what a crashed leader leaves behind is ended before the next run",
          "[unit][supervisor]") {
    Scenario s{service("web")};
    s.bring_up("web");
    CHECK(s.exited("web", {1, 0}, {{777, "node"}}) ==
          Trace{"ask web#1 to stop",
                "ask web#1 to stop (strays)",
                "web: ready -> stopping (exited with code 1 and left 1 process behind (pid 777, "
                "node))"});
    CHECK(s.survivors("web", {}) ==
          Trace{"crash record of web#1",
                "web: stopping -> backing-off (exited with code 1 and left 1 process behind (pid "
                "777, node))"});
}

TEST_CASE("a second request to stop kills at once, whatever needs what", "[unit][supervisor]") {
    Scenario s{service("db"), service("web").after("db")};
    s.bring_up("db");
    s.bring_up("web");
    s.shutdown();
    CHECK(s.shutdown_by_force() == Trace{"kill web#1",
                                         "ask db#1 to stop",
                                         "kill db#1",
                                         "web: SIGKILL to what is left: pid 101",
                                         "db: ready -> stopping (told to end at once)",
                                         "db: SIGKILL to what is left: pid 101"});
}

TEST_CASE("a service told to stop while it is being spawned hears it as soon as it lives",
          "[unit][supervisor]") {
    Scenario s{service("web")};
    s.start("web");
    CHECK(s.stop("web") == Trace{"web: starting -> stopping (asked to stop)"});
    SECTION("it lives") {
        CHECK(s.spawned("web") == Trace{"ask web#1 to stop"});
        s.exited("web", {0, 15});
        CHECK(s.phase("web") == "stopped");
    }
    SECTION("it never lived") {
        CHECK(s.spawn_failed("web", "no such file") ==
              Trace{"web: stopping -> stopped (asked to stop)"});
    }
}

TEST_CASE("a service asked for while it stops starts again when it has stopped",
          "[unit][supervisor]") {
    Scenario s{service("web")};
    s.bring_up("web");
    s.stop("web");
    s.start("web");
    CHECK(s.phase("web") == "stopping");
    CHECK(s.exited("web", {0, 15}).front() == "spawn web#2");
}

TEST_CASE("an answer of a probe that comes while stopping changes nothing", "[unit][supervisor]") {
    Scenario s{service("web").with_ready()};
    s.start("web");
    s.spawned("web");
    s.after(50ms);
    s.stop("web");
    CHECK(s.probe_passed("web").empty());
}

TEST_CASE("a need is held also through tasks that have completed", "[unit][supervisor]") {
    Scenario s{service("db"),
               task("migrate").after("db"),
               service("api").after("migrate", NeedCondition::completed)};
    s.bring_up("db");
    s.start("migrate");
    s.spawned("migrate");
    s.exited("migrate", {0, 0});
    s.bring_up("api");
    CHECK(s.shutdown().front() == "ask api#1 to stop");
    CHECK(s.phase("db") == "ready");
    CHECK(s.exited("api", {0, 15}).front() == "ask db#1 to stop");
}

TEST_CASE("stopping what a task has worked on makes the task count no longer",
          "[unit][supervisor]") {
    Scenario s{service("db"),
               task("migrate").after("db"),
               service("api").after("migrate", NeedCondition::completed)};
    s.bring_up("db");
    s.start("migrate");
    s.spawned("migrate");
    s.exited("migrate", {0, 0});
    s.stop("db");
    s.exited("db", {0, 15});
    s.start("api");
    CHECK(s.phase("migrate") == "waiting");
}

namespace {

core::PortHolder held_by(bool is_ours) {
    core::PortHolder holder;
    holder.port = Port{3101};
    holder.address = "127.0.0.1";
    holder.pid = 4711;
    holder.command = "node";
    holder.user = "chi";
    holder.since = "09:12";
    holder.working_dir = "/home/chi/shop";
    holder.is_leftover = is_ours;
    return holder;
}

void bring_up_on_port(Scenario& s) {
    s.start("web");
    s.ports_free("web");
    s.spawned("web");
    s.probe_passed("web");
    s.stop("web");
}

}  // namespace

TEST_CASE("nothing is called stopped before its ports are free", "[unit][supervisor]") {
    Scenario s{service("web").on_port(3101)};
    bring_up_on_port(s);
    CHECK(s.exited("web", {0, 15}) == Trace{"scan ports of web#1"});
    CHECK(s.phase("web") == "stopping");

    SECTION("and they are") {
        CHECK(s.ports_free("web") ==
              Trace{"web: stopping -> stopped (asked to stop; ended by SIGTERM)"});
    }
    SECTION("who has them now is no concern of ours") {
        CHECK(s.ports_held("web", held_by(false)).back() ==
              "web: stopping -> stopped (asked to stop; ended by SIGTERM)");
    }
    SECTION("somebody of ours still listens") {
        CHECK(s.ports_held("web", held_by(true)) ==
              Trace{"free ports of web#1",
                    "web: port 3101 is held by node (pid 4711, user chi, since 09:12, "
                    "/home/chi/shop), which it has left behind; it is being stopped"});
        CHECK(
            s.explain("web") ==
            "web is stopping: asked to stop; port 3101 is held by node (pid 4711, user chi, since "
            "09:12, /home/chi/shop), which it has left behind");
        CHECK(s.ports_held("web", held_by(true)).empty());
        CHECK(s.after(2s) == Trace{"scan ports of web#1"});
        CHECK(s.ports_free("web").back() ==
              "web: stopping -> stopped (asked to stop; ended by SIGTERM)");
    }
    SECTION("or it is to run again: its start looks at them") {
        s.restart("web");
        CHECK(s.ports_held("web", held_by(true)).back() ==
              "web: stopped -> starting (it was asked for)");
    }
    SECTION("the daemon dies over it") {
        s.daemon_dies({});
        CHECK(s.survivors("web", {}) == Trace{"scan ports of web#1"});
        CHECK(s.ports_free("web").back() ==
              "web: stopping -> stopped (asked to stop; ended by SIGTERM)");
    }
}
