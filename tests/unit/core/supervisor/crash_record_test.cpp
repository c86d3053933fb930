#include "support/catch.hpp"
#include "support/scenario.hpp"

// What is to be recorded of an unplanned end, and of no other.

using namespace std::chrono_literals;
using namespace devstack;
using namespace devstack::core;
using namespace devstack::test;

namespace {

ServiceSpec steady(const std::string& name) {
    ServiceSpec spec = service(name);
    spec.plan.restart.delay = 2ns;  // Too short to be spread.
    return spec;
}

bool records(const Trace& trace) {
    for (const std::string& line : trace) {
        if (line.starts_with("crash record of ")) return true;
    }
    return false;
}

}  // namespace

TEST_CASE("a crash is recorded with how it ended, what it used and what comes of it",
          "[unit][supervisor]") {
    Scenario s{steady("api")};
    s.bring_up("api");
    s.after(9s);
    CHECK(records(s.exited("api", {0, 11, true}, {}, {3s, 1s, 4096})));
    const WriteCrashRecord& record = s.last_record();
    CHECK(record.run == RunId{{0}, 1});
    CHECK(record.end.pid == 101);
    CHECK(record.end.status == ExitStatus{0, 11, true});
    CHECK(record.end.usage == ExitUsage{3s, 1s, 4096});
    CHECK(record.end.ended_at - record.end.spawned_at == 10s);
    CHECK(record.why == "was killed by SIGSEGV (core dumped)");
    CHECK(record.decision == "restart 1 comes after 2ns");
}

TEST_CASE("the record of a service that is given up says so", "[unit][supervisor]") {
    SECTION("after too many restarts") {
        ServiceSpec spec = steady("api");
        spec.plan.restart.max = 1;
        Scenario s{spec};
        s.bring_up("api");
        s.exited("api", {3, 0});
        s.after(1s);
        s.spawned("api");
        s.exited("api", {3, 0});
        CHECK(s.last_record().why == "exited with code 3");
        CHECK(s.last_record().decision == "given up after 1 restart within 1m");
    }
    SECTION("by its policy") {
        Scenario s{service("api").restart(RestartMode::no)};
        s.bring_up("api");
        s.exited("api", {3, 0});
        CHECK(s.last_record().decision == "its restart policy is \"no\"");
    }
    SECTION("in its prepare step") {
        Scenario s{service("api").with_prepare()};
        s.start("api");
        s.prepare_needed("api", "node_modules is missing");
        s.spawned("api");
        s.exited("api", {1, 0});
        CHECK(s.last_record().decision == "a prepare step is not tried again");
    }
    SECTION("when the command is not there") {
        ServiceSpec spec = service("api");
        spec.plan.command = CommandLine::shell("nmp run dev");
        Scenario s{spec};
        s.start("api");
        s.spawned("api");
        s.exited("api", {127, 0});
        CHECK(s.last_record().decision == "another try would end the same way");
    }
}

TEST_CASE("a service that was ended because it was not ready in time is recorded too",
          "[unit][supervisor]") {
    Scenario s{steady("api").with_ready()};
    s.start("api");
    s.spawned("api");
    s.after(50ms);
    s.probe_failed("api", "status 503");
    s.after(1min);
    CHECK(records(s.exited("api", {0, 15})));
    CHECK(s.last_record().end.status == ExitStatus{0, 15});
    CHECK(s.last_record().why == "was not ready within 1m: status 503");
    CHECK(s.last_record().decision == "restart 1 comes after 2ns");
}

TEST_CASE("a crash is recorded even if somebody stops the service meanwhile",
          "[unit][supervisor]") {
    Scenario s{steady("web")};
    s.bring_up("web");
    CHECK_FALSE(records(s.exited("web", {1, 0}, {{777, "node"}})));
    SECTION("stop") {
        s.stop("web");
        CHECK(records(s.survivors("web", {})));
        CHECK(s.last_record().decision == "asked to stop");
    }
    SECTION("restart") {
        s.restart("web");
        CHECK(records(s.survivors("web", {})));
        CHECK(s.last_record().decision == "asked to restart");
    }
    CHECK(s.last_record().why == "exited with code 1 and left 1 process behind (pid 777, node)");
}

TEST_CASE("an end that somebody wanted is not recorded", "[unit][supervisor]") {
    Scenario s{service("web")};
    s.bring_up("web");
    SECTION("stop") {
        s.stop("web");
        CHECK_FALSE(records(s.exited("web", {1, 0})));
    }
    SECTION("restart") {
        s.restart("web");
        CHECK_FALSE(records(s.exited("web", {0, 9})));
    }
    SECTION("it is done") {
        CHECK_FALSE(records(s.exited("web", {0, 0})));
    }
}

TEST_CASE("what the exit status does not say is told with it", "[unit][supervisor]") {
    const std::string killer = "killed by the kernel's OOM killer: memory limit 64 MiB";
    Scenario s{steady("api")};
    s.bring_up("api");
    SECTION("of a run that leaves nothing") {
        CHECK(s.exited("api", {0, 9}, {}, {}, killer).back() ==
              "api: ready -> backing-off (was killed by SIGKILL (" + killer + "))");
        CHECK(s.last_record().why == "was killed by SIGKILL (" + killer + ")");
    }
    SECTION("of one that leaves something") {
        s.exited("api", {0, 9}, {{4242, "worker"}}, {}, killer);
        CHECK(s.explain("api").find("was killed by SIGKILL (" + killer +
                                    ") and left 1 process behind (pid 4242, worker)") !=
              std::string::npos);
    }
    SECTION("and not of the next one") {
        s.exited("api", {0, 9}, {}, {}, killer);
        s.after(1s);
        s.spawned("api");
        CHECK(s.exited("api", {0, 9}).back() ==
              "api: starting -> backing-off (was killed by SIGKILL)");
    }
}
