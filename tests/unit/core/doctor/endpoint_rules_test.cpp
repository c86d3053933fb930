// Where a service that fails at a request is sent.

#include "devstack/core/doctor/unresolved_host.hpp"

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

/// web answers with that status to somebody who asks.
World asked_world(int status) {
    World world;
    world.facts.time = "2026-11-20T18:37:00.000Z";
    DialFact asked = world.probe("web");
    asked.id = "asked";
    asked.purpose = "asked";
    asked.status = status;
    asked.is_unexpected = status >= 400;
    world.facts.dials.push_back(asked);
    return world;
}

constexpr const char* not_found = "query failed: getaddrinfo ENOTFOUND db.staging.internal";

}  // namespace

TEST_CASE("a host that only a configuration file names is told with it and who has chosen it",
          "[unit][doctor]") {
    World world = asked_world(500);
    world.say("web", not_found);
    const auto said = [](const std::string& why) {
        return "[host-does-not-resolve] web is to reach db.staging.internal, which does not "
               "resolve "
               "on this machine" +
               why + ".\n  why GET http://127.0.0.1:3200/health is answered with status 500.\n";
    };
    CHECK(world.said() == said(""));
    world.facts.mentions = {{"web", 0, "config/staging.json:4", "db.staging.internal"}};
    CHECK(world.said() == said(": config/staging.json:4 names it"));
    VariableFact choice;
    choice.name = "APP_ENV";
    choice.value = "staging";
    choice.where = "web/.env:1";
    world.service("web").variables = {choice};
    CHECK(world.said() ==
          said(": config/staging.json:4 names it, which APP_ENV=staging (web/.env:1) chooses"));
    CHECK(world.findings()[0].fix ==
          "correct the host in config/staging.json:4, or name the file of this machine: APP_ENV in "
          "web/.env:1, then devstack restart web");
}

TEST_CASE("a host that does not resolve troubles nobody whose requests are answered",
          "[unit][doctor]") {
    World world = asked_world(200);
    world.say("web", not_found);
    CHECK(world.said().empty());
}

TEST_CASE("the words of clients for a host that does not resolve", "[unit][doctor]") {
    CHECK(find_unresolved_host(not_found) == "db.staging.internal");
    CHECK(find_unresolved_host("Error: getaddrinfo EAI_AGAIN api.shop.test") == "api.shop.test");
    CHECK(find_unresolved_host("could not translate host name \"db.x\" to address: Name or service "
                               "not known") == "db.x");
    CHECK(find_unresolved_host("dial tcp: lookup db.x.y on 127.0.0.53:53: no such host") ==
          "db.x.y");
    CHECK(find_unresolved_host(
              "java.net.UnknownHostException: db.x.y: Name or service not known") == "db.x.y");
    CHECK(find_unresolved_host("getaddrinfo: Name or service not known (api.x.y:443)") ==
          "api.x.y");
    CHECK(find_unresolved_host("resolved db.x.y").empty());
    CHECK(find_unresolved_host("java.io.FileNotFoundException: a.b").empty());
}

TEST_CASE("a name of docker-compose is told with where that service is", "[unit][doctor]") {
    World world;
    DialFact& dial = world.refer("web", "API_URL", "http", 3101);
    ReferenceFact& reference = world.facts.references.back();
    reference.host = "api";
    dial.host = "api";
    dial.stage = "resolve";
    dial.error = "does not resolve: Name or service not known";
    dial.addresses.clear();
    // An env file that nobody has declared may be meant for docker-compose.
    CHECK(world.said().empty());
    EnvFileFact file;
    file.service = "web";
    file.path = "web/.env";
    file.is_declared = true;
    world.facts.env_files.push_back(file);
    CHECK(world.said() ==
          "[host-does-not-resolve] API_URL (web/.env:3) of web names the host \"api\", which does "
          "not resolve on this machine, as docker-compose would make it do: the service api is at "
          "localhost:3101.\n");
    CHECK(world.findings()[0].fix ==
          "write localhost:3101 in API_URL (web/.env:3), then devstack restart web");
    // Another port of it is no service that is known here.
    reference.port = 3999;
    CHECK(world.said().empty());
}

TEST_CASE("a variable that has the name of a service means that one", "[unit][doctor]") {
    World world = asked_world(503);
    DialFact& dial = world.refer("web", "API_URL", "http", 4010);
    dial = World::refused(dial);
    world.say("web", "api unreachable ECONNREFUSED");
    CHECK(world.said() ==
          "[variable-names-dead-port] API_URL (web/.env:3) of web points to localhost:4010, where "
          "nothing listens; api listens on port 3101.\n"
          "  why GET http://127.0.0.1:3200/health is answered with status 503.\n");
    CHECK(world.findings()[0].fix == "change the port to 3101 in web/.env:3");
}

TEST_CASE("an old certificate of a URL that a failing service names is told", "[unit][doctor]") {
    const auto world_with = [](int status, const std::string& problem) {
        World world = asked_world(status);
        DialFact dial = world.refer("web", "PAY_URL", "https", 8443);
        dial.id = "certificate of " + dial.id;
        dial.tls_problem = problem;
        dial.tls_subject = "CN = localhost";
        dial.tls_issuer = "CN = dev";
        dial.tls_until = "Apr  1 00:00:00 2025 GMT";
        world.facts.dials.push_back(dial);
        return world;
    };
    CHECK(world_with(502, "it has expired").said() ==
          "[certificate-expired] The certificate of localhost:8443, where PAY_URL (web/.env:3) "
          "sends web, has expired (valid until Apr  1 00:00:00 2025 GMT): clients that look at it "
          "refuse it.\n"
          "  why GET http://127.0.0.1:3200/health is answered with status 502.\n");
    CHECK(world_with(502, "certificate is not yet valid").said() ==
          "[certificate-not-yet-valid] The certificate of localhost:8443, where PAY_URL "
          "(web/.env:3) sends web, is not valid yet: clients that look at it refuse it.\n"
          "  why GET http://127.0.0.1:3200/health is answered with status 502.\n");
    // Whom a client trusts is not known from outside.
    CHECK(world_with(502, "self-signed certificate").findings()[0].id == "request-answered-badly");
    CHECK(world_with(200, "it has expired").said().empty());
}
