// What two services should agree on.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

/// Somebody asks for web's /orders.
World asked_world(int status, const std::string& error = "") {
    World world;
    world.facts.time = "2026-11-20T18:37:00.000Z";
    DialFact asked = world.probe("web");
    asked.id = "asked";
    asked.purpose = "asked";
    asked.path = "/orders";
    asked.status = status;
    asked.error = error;
    asked.stage = error.empty() ? "done" : "first byte";
    asked.seconds = 0.9;
    asked.timeout = 0.9;
    asked.is_unexpected = status >= 400;
    world.facts.dials.push_back(asked);
    return world;
}

VariableFact secret(const std::string& where, const std::string& mark) {
    VariableFact variable;
    variable.name = "JWT_SECRET";
    variable.is_secret = true;
    variable.where = where;
    variable.mark = mark;
    return variable;
}

ReferenceFact store(const std::string& service, const std::string& path) {
    ReferenceFact reference;
    reference.service = service;
    reference.kind = "env";
    reference.name = "REDIS_URL";
    reference.where = service + "/.env:2";
    reference.scheme = "redis";
    reference.host = "localhost";
    reference.port = 6379;
    reference.path = path;
    return reference;
}

}  // namespace

TEST_CASE("an audience that differs is told where a token is refused for it", "[unit][doctor]") {
    const auto claim = [](const std::string& name, const std::string& value) {
        VariableFact variable;
        variable.name = name;
        variable.value = value;
        variable.where = value + ".env:2";
        return variable;
    };
    World world = asked_world(401);
    world.service("web").variables = {claim("JWT_AUDIENCE", "shop-web"), claim("JWT_ISSUER", "a")};
    world.service("api").variables = {claim("JWT_AUDIENCE", "shop-api"), claim("JWT_ISSUER", "b")};
    CHECK(world.findings()[0].id == "request-answered-badly");
    CHECK(world.findings()[0].fix ==
          "it wants a log-in: ask with -H \"Authorization: …\" or -H \"Cookie: …\"");
    world.facts.dials.back().sent = {{"Authorization", "***"}};
    CHECK(world.findings()[0].fix == "see the log of web");
    world.say("web", "WARNING: token rejected: Invalid audience");
    Finding finding = world.findings()[0];
    CHECK(finding.id == "token-claims-differ");
    CHECK(finding.what ==
          "web refuses the tokens of api for their audience: JWT_AUDIENCE (shop-web.env:2) of web, "
          "shop-web, differs from JWT_AUDIENCE (shop-api.env:2) of api, shop-api.");
    CHECK(finding.fix == "give both the same JWT_AUDIENCE, then devstack restart web api");
    world.facts.logs.clear();
    world.say("web", "JsonWebTokenError: jwt issuer invalid. expected: a");
    finding = world.findings()[0];
    CHECK(finding.what ==
          "web refuses the tokens of api for their issuer: JWT_ISSUER (a.env:2) of web, a, differs "
          "from JWT_ISSUER (b.env:2) of api, b.");
    world.service("api").variables = world.service("web").variables;
    CHECK(world.findings()[0].id == "request-answered-badly");
}

TEST_CASE("secrets that differ are told where a signature is refused", "[unit][doctor]") {
    World world = asked_world(502);
    world.service("web").variables = {secret("web/.env:1", "17")};
    world.service("api").variables = {secret("api/.env:1", "18")};
    CHECK(world.findings()[0].id == "request-answered-badly");
    world.say("api", "401 GET /orders: JsonWebTokenError: invalid signature");
    const Finding finding = world.findings()[0];
    CHECK(finding.id == "secrets-differ");
    CHECK(finding.what ==
          "JWT_SECRET (api/.env:1) of api and JWT_SECRET (web/.env:1) of web differ: api refuses "
          "what web has signed.");
    CHECK(finding.fix == "give both the same JWT_SECRET, then devstack restart api web");
    world.service("api").variables[0].mark = "17";
    CHECK(world.findings()[0].id != "secrets-differ");
}

TEST_CASE("two databases of one store are told of a request that waits in vain", "[unit][doctor]") {
    World world = asked_world(0, "no answer");
    world.facts.references = {store("web", ""), store("api", "/1")};
    const Finding finding = world.findings()[0];
    CHECK(finding.id == "store-databases-differ");
    CHECK(
        finding.what ==
        "REDIS_URL (web/.env:2) of web names database 0 of Redis at localhost:6379, and REDIS_URL "
        "(api/.env:2) of api database 1: what one of them puts there the other never sees.");
    CHECK(finding.fix == "name the same database in both (…/0), then devstack restart web api");
    world.facts.references[1].path = "/0";
    CHECK(world.findings()[0].id != "store-databases-differ");
    World well = asked_world(200);
    well.facts.references = {store("web", ""), store("api", "/1")};
    CHECK(well.said().empty());
}

TEST_CASE("a variable that names another port of a service than it declares is told",
          "[unit][doctor]") {
    World world = asked_world(503);
    ReferenceFact peers = store("web", "");
    peers.name = "ETCD_ENDPOINTS";
    peers.scheme = "http";
    peers.port = 2380;
    world.facts.references = {peers};
    ListenerFact listener;
    listener.port = 2380;
    listener.address = "127.0.0.1";
    listener.pid = 10;
    listener.command = "etcd";
    listener.service = "api";
    world.facts.listeners.push_back(listener);
    const Finding finding = world.findings()[0];
    CHECK(finding.id == "variable-names-other-port");
    CHECK(finding.what ==
          "ETCD_ENDPOINTS (web/.env:2) of web names port 2380 of api, which listens there too; the "
          "port that it declares for its clients is 3101.");
    world.facts.dials.back().status = 200;
    world.facts.dials.back().is_unexpected = false;
    CHECK(world.said().empty());
}

TEST_CASE("a call that another service refuses is told with its path", "[unit][doctor]") {
    World world = asked_world(404);
    world.say("api", "Route GET:/v1/users/7 not found");
    world.say("web", "AxiosError: Request failed with status code 404");
    Finding finding = world.findings()[0];
    CHECK(finding.id == "call-refused");
    CHECK(finding.what ==
          "web asks api for /v1/users/7, which api refuses with 404: it has no such path.");
    CHECK(finding.fix == "make the request of web and the routes of api agree");
    world.facts.logs[0].lines[0].text = "127.0.0.1 - \"GET /search?q=shoes HTTP/1.1\" 422 -";
    world.facts.logs[1].lines[0].text = "Client error '422 Unprocessable Entity'";
    finding = world.findings()[0];
    CHECK(finding.what ==
          "web asks api for /search?q=shoes, which api refuses with 422: a parameter or field is "
          "missing or wrong.");
    world.facts.logs[0].lines[0].text = "Route GET:/orders not found";  // Passed on as it came.
    CHECK(world.findings()[0].id == "request-answered-badly");
    world.facts.logs[0].lines[0].text = "Route GET:/v1/users/7 not found";
    world.facts.time = "2026-11-20T18:37:30.000Z";  // It was another request's.
    CHECK(world.findings()[0].id == "request-answered-badly");
}

TEST_CASE("what was built before its sources is told of a path that is not there",
          "[unit][doctor]") {
    World world = asked_world(404);
    FolderFact folder;
    folder.service = "web";
    folder.path = "web";
    folder.build_directory = "dist";
    world.facts.folders = {folder};
    CHECK(world.findings()[0].id == "request-answered-badly");
    world.facts.folders[0].newer_source = "src/orders.ts";
    CHECK(world.findings()[0].what ==
          "web runs what was built in web/dist before src/orders.ts was changed: /orders, which it "
          "answers with 404, may be in there.");
}
