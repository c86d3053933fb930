// What lies between programs that are well.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

/// api has been there for a while, and the request to it is refused.
World rejected_world() {
    World world;
    for (ProcessFact& it : world.facts.processes)
        it.age_seconds = 60;
    world.service("api").phase_seconds = 60;
    world.probe("api") = World::refused(world.probe("api"));
    return world;
}

ReferenceFact proxy_of_web() {
    ReferenceFact reference;
    reference.service = "web";
    reference.kind = "env";
    reference.name = "http_proxy";
    reference.where = "web/.env:1";
    reference.scheme = "http";
    reference.host = "127.0.0.1";
    reference.port = 3128;
    reference.dial = "http://127.0.0.1:3128";
    return reference;
}

}  // namespace

TEST_CASE("a listener that refuses connections has a firewall in front of it", "[unit][doctor]") {
    World world = rejected_world();
    const Finding finding = world.findings()[0];
    CHECK(world.findings().size() == 1);
    CHECK(finding.id == "connection-blocked");
    CHECK(
        finding.what ==
        "node api.js (pid 10) listens on 127.0.0.1:3101, and a connection to 127.0.0.1:3101 from "
        "this machine is refused: something between them keeps it away, a rule of the firewall or "
        "a loopback interface that is down.");
    CHECK(finding.fix ==
          "nft list ruleset (or iptables-save) shows the rules, ip link show lo the interface (ip "
          "link set lo up)");
}

TEST_CASE("one that may have begun to listen just now, or listens elsewhere, has none",
          "[unit][doctor]") {
    World young = rejected_world();
    young.facts.processes[0].age_seconds = 1;
    CHECK(young.said().find("connection-blocked") == std::string::npos);
    World starting = rejected_world();
    starting.service("api").phase = "starting";
    CHECK(starting.said().find("connection-blocked") == std::string::npos);
    World elsewhere = rejected_world();
    elsewhere.facts.listeners[0].address = "::1";
    CHECK(elsewhere.said().find("connection-blocked") == std::string::npos);
    World full = rejected_world();
    full.facts.listeners[0].accept_queue = 129;
    CHECK(full.said().find("connection-blocked") == std::string::npos);
}

TEST_CASE("a variable that sends all requests to a proxy that is not there is told",
          "[unit][doctor]") {
    World world;
    world.facts.references = {proxy_of_web()};
    DialFact dial = World::refused(world.probe("web"));
    dial.id = "http://127.0.0.1:3128";
    dial.purpose = "reference";
    dial.port = 3128;
    world.facts.dials.push_back(dial);
    CHECK(world.said().empty());  // Nobody suffers from it.
    world.break_probe("web", 502);
    Finding finding = world.findings()[0];
    CHECK(finding.id == "proxy-variable-dead");
    CHECK(finding.what ==
          "http_proxy (web/.env:1) sends the requests of web through a proxy at 127.0.0.1:3128, "
          "where nothing listens.");
    CHECK(finding.fix ==
          "start the proxy, or take the variable out; set NO_PROXY=localhost,127.0.0.1 for what is "
          "on this machine, then devstack restart web");
    world.refer("web", "API_URL", "http", 3101);
    finding = world.findings()[0];
    CHECK(finding.what ==
          "http_proxy (web/.env:1) sends the requests of web, to services of this machine too, "
          "through a proxy at 127.0.0.1:3128, where nothing listens.");
}

TEST_CASE("a proxy that is there and gets what is meant for this machine is told",
          "[unit][doctor]") {
    World world;
    world.facts.references = {proxy_of_web()};
    world.refer("web", "API_URL", "http", 3101);
    CHECK(world.said().empty());
    world.break_probe("web", 502);
    CHECK(world.findings()[0].what ==
          "http_proxy (web/.env:1) sends the requests of web, to services of this machine too, "
          "through a proxy at 127.0.0.1:3128: no NO_PROXY leaves localhost and 127.0.0.1 out.");
    VariableFact spared;
    spared.name = "no_proxy";
    spared.value = "localhost,.internal";
    world.service("web").variables = {spared};
    CHECK(world.said().find("proxy-variable") == std::string::npos);
}

TEST_CASE("a working directory that is gone is told of what suffers", "[unit][doctor]") {
    World world;
    world.facts.processes[0].working_dir = "/srv/api (deleted)";
    CHECK(world.said().empty());
    // It says that it finds no file.
    world.facts.time = "2026-11-20T18:37:30.000Z";
    world.say("api", "could not read ./a.json: No such file or directory");
    CHECK(world.findings()[0].id == "working-directory-gone");
    world.facts.time = "2026-11-20T18:57:30.000Z";
    CHECK(world.said().empty());
    world.facts.logs.clear();
    world.break_probe("api", 500);
    CHECK(world.findings()[0].what ==
          "api (pid 10) works in a directory that is gone: /srv/api was removed, or replaced by "
          "another one, after it was started; it finds no file by a relative path.");
    CHECK(world.findings()[0].fix == "devstack restart api");
}
