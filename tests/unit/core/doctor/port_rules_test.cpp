// Who keeps a service from listening: a listener, a leftover, a connection from that very port.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

void free_port(World& world) {
    world.end("api", 1);
    world.say("api", "Error: listen EADDRINUSE: address already in use 127.0.0.1:3101");
}

}  // namespace

TEST_CASE("a port that is the near end of somebody's connection is told", "[unit][doctor]") {
    World world;
    OutgoingFact held;
    held.port = 3101;
    held.pid = 77;
    held.command = "python3 client.py";
    held.user = "chi";
    held.peer = "127.0.0.1:7777";
    world.facts.outgoing = {held};
    CHECK(world.said().empty());
    free_port(world);
    Finding finding = world.findings()[0];
    CHECK(finding.id == "port-held-by-connection");
    CHECK(finding.what ==
          "Port 3101, which api needs, is the near end of a connection of python3 client.py (pid "
          "77, user chi) to 127.0.0.1:7777. Nobody listens there, and nobody can meanwhile.");
    CHECK(finding.evidence[0] == "ss -tnp sport = :3101");
    CHECK(finding.evidence[1] ==
          "api log 18:37:03: Error: listen EADDRINUSE: address already in use 127.0.0.1:3101");
    CHECK(finding.fix ==
          "end that connection (kill 77, or restart what it belongs to), then devstack restart "
          "api; that it does not come again: sysctl -w net.ipv4.ip_local_reserved_ports=3101");
    world.facts.outgoing[0].pid = 0;
    finding = world.findings()[0];
    CHECK(finding.what ==
          "Port 3101, which api needs, is the near end of somebody's connection to "
          "127.0.0.1:7777. Nobody listens there, and nobody can meanwhile.");
    world.facts.outgoing[0].port = 3102;
    CHECK(world.findings()[0].id == "port-in-use");
}

TEST_CASE("the same program with other arguments is a stranger, no leftover", "[unit][doctor]") {
    World world;
    free_port(world);
    ServiceFact& api = world.service("api");
    api.words = {"python3", "httpd.py", "--port", "3101"};
    const auto hold = [&](const std::string& command) {
        world.facts.listeners.push_back({3101, "::1", 77, command, "chi", "api", "", "", 0});
        const std::string id = world.findings()[0].id;
        world.facts.listeners.pop_back();
        return id;
    };
    CHECK(hold("/usr/bin/python3 httpd.py --port 3101") == "port-held-by-leftover");
    CHECK(hold("/usr/bin/python3 httpd.py --bind ::1 --status 500 --port 3101") ==
          "port-held-by-stranger");
}

TEST_CASE("a port that a service does without is no trouble of it", "[unit][doctor]") {
    World world;
    world.say("api", "pprof: listen tcp 127.0.0.1:6060: bind: address already in use");
    world.facts.listeners.push_back({6060, "127.0.0.1", 77, "python3 x.py", "chi", "", "", "", 0});
    CHECK(world.said().empty());
    world.facts.subject = {"port", "6060", 6060};
    CHECK(world.findings()[0].id == "port-in-use");
    world.facts.subject = {};
    world.break_probe("api", 500);
    CHECK(world.findings()[0].id == "port-held-by-stranger");
}

TEST_CASE("services that have each other's port are told, though all probes succeed",
          "[unit][doctor]") {
    World world;
    for (ListenerFact& it : world.facts.listeners)
        it.port = it.port == 3101 ? 3200 : 3101;
    VariableFact port;
    port.name = "PORT";
    port.where = "api.env:1";
    port.value = "3200";
    world.service("api").variables = {port};
    REQUIRE(world.findings().size() == 1);
    const Finding finding = world.findings()[0];
    CHECK(finding.id == "ports-swapped");
    CHECK(finding.what ==
          "api and web have each other's port: api listens on 3200, which is declared for web "
          "(devstack.toml:1), and web on 3101, which is declared for api (devstack.toml:1).");
    CHECK(finding.fix == "exchange PORT of api (api.env:1), or the ports in the profile");
    SECTION("another service listens where one should, which listens elsewhere") {
        world.facts.listeners[1].port = 3101;
        world.facts.listeners[0].port = 3999;
        CHECK(world.findings()[0].what ==
              "Port 3101, which api needs, is held by web, another service of this project.");
    }
    SECTION("a service without a socket of its own may well be behind another one") {
        std::erase_if(world.facts.listeners,
                      [](const ListenerFact& it) { return it.service == "api"; });
        CHECK(world.findings().empty());
    }
}
