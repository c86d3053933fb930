// Probes that can never succeed, of services that work.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

/// api listens where it should, and is not ready.
World waiting_world(const std::string& why) {
    World world;
    std::erase_if(world.facts.dials, [](const DialFact& it) { return it.id == "probe of api"; });
    ServiceFact& api = world.service("api");
    api.phase = "starting";
    api.phase_seconds = 5;
    api.why = "pid 10 is not ready yet: " + why;
    return world;
}

}  // namespace

TEST_CASE("a line that never comes is told with the nearest one", "[unit][doctor]") {
    World world = waiting_world("no line of its output has matched \"Server listening on port\"");
    world.say("api", "server is listening at http://127.0.0.1:3101");
    const Finding finding = world.findings().at(0);
    CHECK(finding.id == "ready-line-never-comes");
    CHECK(finding.what ==
          "api is up (pid 10 listens on 127.0.0.1:3101), but no line of its output "
          "has matched \"Server listening on port\", which ready = { log } waits "
          "for.");
    CHECK(finding.evidence.at(0) ==
          "nearest to it: api log 18:37:03: server is listening at "
          "http://127.0.0.1:3101");
    CHECK(finding.fix ==
          "let ready = { log } of api (devstack.toml:1) match what it says ((?i) at its beginning "
          "ignores case), or leave it out: then the open port counts");
    SECTION("not of one that does not listen yet") {
        std::erase_if(world.facts.listeners,
                      [](const ListenerFact& it) { return it.service == "api"; });
        CHECK(world.findings().at(0).id == "service-in-trouble");
    }
    SECTION("not of one that has just begun") {
        world.service("api").phase_seconds = 1;
        CHECK(world.findings().empty());
    }
}

TEST_CASE("a service that never says that it is ready is told", "[unit][doctor]") {
    World world = waiting_world("it has not said READY=1");
    const Finding finding = world.findings().at(0);
    CHECK(finding.id == "ready-never-notified");
    CHECK(finding.what ==
          "api is up (pid 10 listens on 127.0.0.1:3101), but it has never said "
          "READY=1, which ready = { notify = true } waits for.");
    CHECK(finding.fix ==
          "let it call sd_notify(3) (systemd-notify --ready in a script), or leave "
          "ready of api (devstack.toml:1) out: then the open port counts");
}

TEST_CASE("a probe whose command can not be run is told", "[unit][doctor]") {
    SECTION("it is not there") {
        World world = waiting_world("exited with code 127: /bin/sh: 1: redis-cli-ping: not found");
        const Finding finding = world.findings().at(0);
        CHECK(finding.id == "probe-command-fails");
        CHECK(finding.what ==
              "The command that asks how api is can not be run: redis-cli-ping is not found.");
        CHECK(finding.fix ==
              "install redis-cli-ping, or correct the probe's command of api (devstack.toml:1)");
    }
    SECTION("it may not be executed") {
        World world;
        std::erase_if(world.facts.dials,
                      [](const DialFact& it) { return it.id == "probe of api"; });
        world.service("api").phase = "unhealthy";
        world.service("api").last_answer =
            "exited with code 126: sh: 1: ./check.sh: Permission denied";
        const Finding finding = world.findings().at(0);
        CHECK(finding.what ==
              "The command that asks how api is can not be run: ./check.sh may not be executed.");
        CHECK(finding.fix ==
              "make ./check.sh executable (chmod +x), or correct the probe's "
              "command of api (devstack.toml:1)");
    }
    SECTION("it runs, and says no") {
        World world = waiting_world("exited with code 2: no: not found");
        CHECK(world.findings().at(0).id == "service-in-trouble");
    }
}

TEST_CASE("a probe of a port where nobody is, is told with the service's own", "[unit][doctor]") {
    World world;
    world.service("api").phase = "starting";
    DialFact& probe = world.probe("api");
    probe = World::refused(probe);
    probe.port = 3102;
    const Finding finding = world.findings().at(0);
    CHECK(finding.id == "health-wrong-port");
    CHECK(finding.what ==
          "The probe of api asks port 3102, where nothing listens; api listens on "
          "port 3101.");
    CHECK(finding.fix == "let the probe of api (devstack.toml:1) ask port 3101");
    SECTION("not when that port is still to come") {
        world.service("api").ports.emplace_back("3102");
        CHECK(world.findings().empty());
    }
}

TEST_CASE("a health URL of what does not speak HTTP is told", "[unit][doctor]") {
    World world;
    world.service("api").phase = "starting";
    DialFact& probe = world.probe("api");
    probe.status = 0;
    SECTION("of a store that is known") {
        probe.error = "closed the connection without an answer";
        world.facts.processes[0].name = "redis-server";
        const Finding finding = world.findings().at(0);
        CHECK(finding.id == "health-wrong-protocol");
        CHECK(finding.what ==
              "The health URL of api asks by HTTP/1.1, but what listens on "
              "127.0.0.1:3101 is Redis, which does not speak it.");
        CHECK(finding.fix ==
              "ask api (devstack.toml:1) by health = { tcp = \"127.0.0.1:3101\" }, "
              "or by health = { command = \"redis-cli ping\" }");
    }
    SECTION("of what answers with something else") {
        probe.error = "the answer is not HTTP";
        const Finding finding = world.findings().at(0);
        CHECK(finding.what ==
              "The health URL of api asks by HTTP/1.1, but what listens on 127.0.0.1:3101 does not "
              "speak it: it may be gRPC (HTTP/2), or a protocol of its own.");
        CHECK(finding.fix ==
              "ask api (devstack.toml:1) by health = { tcp = \"127.0.0.1:3101\" }, or by health = "
              "{ command = \"grpc_health_probe -addr=127.0.0.1:3101\" }");
    }
    SECTION("not of who only hangs up") {
        probe.error = "closed the connection without an answer";
        for (const Finding& it : world.findings())
            CHECK(it.id != "health-wrong-protocol");
    }
}

TEST_CASE("what another service answers is not taken for a service's own health",
          "[unit][doctor]") {
    World world;
    world.probe("api").port = 3200;
    world.service("web").phase = "failed";
    world.service("web").pid = 0;
    const Diagnosis diagnosis = diagnose(world.facts);
    CHECK(diagnosis.ruled_out.at(0) == "api runs");
}
