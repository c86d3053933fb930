// Services that call each other in a circle.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

void wait_for(World& world, int pid, const std::string& peer, const std::string& frame) {
    ThreadFact thread;
    thread.pid = pid;
    thread.thread = pid;
    thread.name = "node";
    thread.state = "S";
    thread.system_call = "recvfrom";
    thread.peer = peer;
    thread.frames = {frame};
    world.facts.threads.push_back(thread);
}

ConnectionFact flood(int port, const std::string& service, const std::string& client) {
    ConnectionFact fact;
    fact.port = port;
    fact.service = service;
    fact.state = "established";
    fact.count = 3000;
    fact.client = client;
    fact.grown = 200;
    return fact;
}

}  // namespace

TEST_CASE("two services that wait for each other are one finding", "[unit][doctor]") {
    World world;
    wait_for(world, 10, "127.0.0.1:3200", "quote (api.py:6)");
    wait_for(world, 20, "127.0.0.1:3101", "me (web.py:9)");
    SECTION("while requests of both are left lying") {
        for (const auto& [port, name, pid] :
             {std::tuple{3101, "api", 10}, std::tuple{3200, "web", 20}}) {
            ConnectionFact stuck;
            stuck.port = port;
            stuck.service = name;
            stuck.pid = pid;
            stuck.state = "close-wait";
            stuck.count = 4;
            world.facts.connections.push_back(stuck);
        }
        REQUIRE(world.findings().size() == 1);
        const Finding finding = world.findings()[0];
        CHECK(finding.id == "services-wait-for-each-other");
        CHECK(finding.what ==
              "api and web wait for each other: api waits for web (127.0.0.1:3200) in quote "
              "(api.py:6), web waits for api (127.0.0.1:3101) in me (web.py:9); who is to answer "
              "waits itself.");
        CHECK(finding.explains ==
              std::vector<std::string>{"4 requests to web on port 3200 hang: the clients have "
                                       "gone, and the service still holds the connections."});
        CHECK(finding.fix ==
              "let one of them answer without asking the other; more workers or threads only make "
              "it rarer. devstack restart api web for now");
    }
    SECTION("not while both are only busy with each other") {
        CHECK(world.findings().empty());
    }
}

TEST_CASE("two services that call each other without end are told", "[unit][doctor]") {
    World world;
    world.facts.connections = {flood(3101, "api", "web"), flood(3200, "web", "api")};
    world.refer("api", "WEB_URL", "http", 3200);
    world.refer("web", "API_URL", "http", 3101);
    REQUIRE(world.findings().size() == 1);
    const Finding finding = world.findings()[0];
    CHECK(finding.id == "calls-without-end");
    CHECK(finding.what ==
          "api and web call each other without end: 3000 connections of api to web (port 3200) and "
          "3000 connections of web to api (port 3101), and more each moment.");
    CHECK(finding.evidence == std::vector<std::string>{
                                  "ss -tn state established '( sport = :3200 )' | wc -l: 3000, 200 "
                                  "more within a moment"});
    CHECK(finding.fix ==
          "correct WEB_URL (api/.env:3) or API_URL (web/.env:3), which lead in a "
          "circle; devstack restart api web for now");
    SECTION("not where there are many, and no more of them come") {
        world.facts.connections[0].grown = 0;
        CHECK(world.findings().empty());
    }
    SECTION("not where only one calls the other") {
        world.facts.connections.pop_back();
        CHECK(world.findings().empty());
    }
}

TEST_CASE("a service that calls itself without end is told", "[unit][doctor]") {
    World world;
    world.facts.connections = {flood(3101, "api", "api")};
    REQUIRE(world.findings().size() == 1);
    CHECK(world.findings()[0].what ==
          "api calls itself without end: 3000 connections of api to api (port 3101), and more each "
          "moment.");
    CHECK(world.findings()[0].fix ==
          "let one of them answer without asking the other; devstack restart api for now");
}
