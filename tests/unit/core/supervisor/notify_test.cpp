#include "support/catch.hpp"
#include "support/scenario.hpp"

using namespace std::chrono_literals;
using namespace devstack;
using namespace devstack::core;
using namespace devstack::test;

namespace {

/// Ready, with a watchdog of 30 s.
Scenario serving(RestartMode restart = RestartMode::on_failure) {
    Scenario s{service("api").notifies().with_watchdog(30s).restart(restart)};
    s.start("api");
    s.spawned("api");
    s.says("api", "READY=1");
    return s;
}

}  // namespace

TEST_CASE("a service is ready when it says so", "[unit][supervisor]") {
    Scenario s{service("api").notifies()};
    s.start("api");
    CHECK(s.spawned("api").empty());
    CHECK(s.says("api", "STATUS=reading the index").empty());
    CHECK(s.explain("api") ==
          "api is starting: pid 101 is not ready yet: it has not said READY=1; it says \"reading "
          "the index\"");
    CHECK(s.says("api", "READY=1\nSTATUS=") ==
          Trace{"api: starting -> ready (has said that it is ready)"});
    CHECK(s.explain("api") == "api is ready: has said that it is ready");
    CHECK(s.says("api", "READY=1").empty());
    CHECK(s.says("api", "RELOADING=1") == Trace{"api: has said that it reloads"});
    CHECK(s.says("api", "READY=1") == Trace{"api: has said that it is ready again"});
}

TEST_CASE("a service that was not ready in time is quoted", "[unit][supervisor]") {
    Scenario s{service("api").notifies()};
    s.start("api");
    s.spawned("api");
    s.says("api", "STATUS=waiting for the database");
    SECTION("at its time") {
        CHECK(s.after(1min).back() ==
              "api: starting -> stopping (was not ready within 1m: it has not said READY=1; it "
              "says \"waiting for the database\")");
    }
    SECTION("unless it asks for more time") {
        s.after(50s);
        CHECK(s.says("api", "EXTEND_TIMEOUT_USEC=30000000").empty());
        CHECK(s.after(29s).empty());
        CHECK(s.after(1s).size() == 2);
    }
}

TEST_CASE("a stop takes as long as the service asks for", "[unit][supervisor]") {
    Scenario s = serving();
    s.stop("api");
    s.after(9s);
    CHECK(s.says("api", "EXTEND_TIMEOUT_USEC=5000000").empty());
    CHECK(s.after(4s).empty());
    CHECK(s.after(1s) == Trace{"kill api#1", "api: SIGKILL to what is left: pid 101"});
    CHECK(s.says("api", "EXTEND_TIMEOUT_USEC=5000000").empty());
    CHECK(s.after(1s) == Trace{"kill api#1"});
}

TEST_CASE("a service that its watchdog does not hear is aborted and restarted",
          "[unit][supervisor]") {
    Scenario s = serving();
    s.after(29s);
    CHECK(s.says("api", "WATCHDOG=1").empty());
    CHECK(s.after(29s).empty());
    CHECK(s.after(1s) == Trace{"collect evidence of api#1",
                               "api: ready -> unhealthy (its watchdog has not heard it for 30s)"});
    CHECK(s.evidence_collected("api") ==
          Trace{"ask api#1 to stop by signal 6",
                "api: unhealthy -> stopping (was unhealthy: its watchdog has not heard it for "
                "30s)"});
    CHECK(s.exited("api", {0, 6}).back() ==
          "api: stopping -> backing-off (was unhealthy: its watchdog has not heard it for 30s)");
}

TEST_CASE("the signal for a silent service is SIGABRT", "[unit][supervisor]") {
    Supervisor supervisor{make_plan({service("api").notifies().with_watchdog(30s)})};
    TimePoint now{};
    const RunId run{{0}, 1};
    supervisor.step(Start{{{0}}}, now);
    supervisor.step(Spawned{run, 7}, now);
    supervisor.step(Notified{run, parse_notification("READY=1")}, now);
    supervisor.step(TimePassed{}, now += 30s);
    const Step step = supervisor.step(EvidenceCollected{run}, now);
    REQUIRE(step.actions.size() == 1);
    CHECK(std::get<AskToStop>(step.actions.front()).signal == 6);
}

TEST_CASE("a service can ask its watchdog for help", "[unit][supervisor]") {
    Scenario s = serving();
    CHECK(s.says("api", "WATCHDOG=trigger").back() ==
          "api: ready -> unhealthy (it has asked its watchdog for help)");
}

TEST_CASE("a service sets its watchdog, or turns it off", "[unit][supervisor]") {
    Scenario s = serving();
    CHECK(s.says("api", "WATCHDOG_USEC=5000000").empty());
    SECTION("sooner") {
        CHECK(s.after(5s).back() ==
              "api: ready -> unhealthy (its watchdog has not heard it for 5s)");
    }
    SECTION("never") {
        s.says("api", "WATCHDOG_USEC=0");
        CHECK(s.supervisor().next_deadline() == std::nullopt);
    }
    SECTION("and the next daemon knows") {
        s.daemon_dies({"api"});
        CHECK(s.after(5s).back() ==
              "api: ready -> unhealthy (its watchdog has not heard it for 5s)");
    }
}

TEST_CASE("a silent service that may not be restarted is forgiven when it is heard",
          "[unit][supervisor]") {
    Scenario s = serving(RestartMode::no);
    CHECK(s.after(30s) == Trace{"api: ready -> unhealthy (its watchdog has not heard it for 30s)"});
    CHECK(s.supervisor().next_deadline() == std::nullopt);
    CHECK(s.says("api", "WATCHDOG=1") ==
          Trace{"api: unhealthy -> ready (its watchdog hears it again)"});
    CHECK(s.after(30s).size() == 1);
}

TEST_CASE("a service that stops by itself gets no signal, and no more time than others",
          "[unit][supervisor]") {
    Scenario s = serving();
    CHECK(s.says("api", "STOPPING=1\nSTATUS=bye") ==
          Trace{"api: ready -> stopping (has said that it stops)"});
    CHECK(s.explain("api") ==
          "api is stopping: has said that it stops; pid 101 has not ended yet; it says \"bye\"");
    SECTION("done") {
        CHECK(s.exited("api", {0, 0}) ==
              Trace{"api: stopping -> completed (has said that it stops; exited with code 0)"});
    }
    SECTION("with a failure") {
        CHECK(s.exited("api", {3, 0}).back() ==
              "api: stopping -> backing-off (has said that it stops; exited with code 3)");
    }
    SECTION("too slowly") {
        CHECK(s.after(10s) == Trace{"kill api#1", "api: SIGKILL to what is left: pid 101"});
    }
}

TEST_CASE("what a service says beside the point is told once", "[unit][supervisor]") {
    Scenario s = serving();
    CHECK(
        s.says("api", "FDSTORE=1\nFDNAME=x") ==
        Trace{"api: wants devstack to keep descriptors for it (FDSTORE=1): that is not supported, "
              "they are closed"});
    CHECK(s.says("api", "FDSTORE=1").empty());
    CHECK(s.says("api", "MAINPID=101").empty());
    CHECK(
        s.says("api", "MAINPID=5") ==
        Trace{"api: has said that its main process is pid 5: devstack goes by the one that it has "
              "started, pid 101"});
    CHECK(s.says("api", "MAINPID=5").empty());
    CHECK(s.says("api", "ERRNO=2") ==
          Trace{"api: has said that it failed: No such file or directory (errno 2)"});
}

TEST_CASE("words of an earlier run are late news", "[unit][supervisor]") {
    Scenario s = serving();
    s.says("api", "STATUS=old");
    s.exited("api", {1, 0});
    CHECK(s.says("api", "READY=1").empty());
    s.after(1s);
    s.spawned("api");
    CHECK(s.explain("api") == "api is starting: pid 102 is not ready yet: it has not said READY=1");
}

TEST_CASE("what was said survives the daemon", "[unit][supervisor]") {
    Scenario s = serving();
    s.says("api", "STATUS=serving");
    s.daemon_dies({"api"});
    CHECK(s.explain("api") == "api is ready: has said that it is ready; it says \"serving\"");
    CHECK(s.after(29s).empty());
    CHECK(s.after(1s).size() == 2);
}
