// A base URL with a path, and code that appends the same path.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

ReferenceFact& refer(World& world) {
    ReferenceFact reference;
    reference.service = "web";
    reference.kind = "env";
    reference.name = "API_URL";
    reference.where = "web/.env:1";
    reference.scheme = "http";
    reference.host = "localhost";
    reference.port = 3101;
    reference.path = "/api";
    world.facts.references = {reference};
    return world.facts.references.back();
}

}  // namespace

TEST_CASE("a path that stands in the variable and in the code is told", "[unit][doctor]") {
    World world;
    refer(world);
    CHECK(world.said().empty());
    world.break_probe("web", 404, R"({"error":"Cannot GET /api/api/health"})");
    const Finding finding = world.findings()[0];
    CHECK(finding.id == "path-doubled");
    CHECK(finding.what ==
          "web asks api for /api/api/health, which does not exist (404): API_URL (web/.env:1) ends "
          "with /api, and what web appends to it begins with /api once more.");
    CHECK(finding.fix ==
          "take /api out of API_URL (web/.env:1), then devstack restart web; or out of the paths "
          "in its code");
}

TEST_CASE("the log of the service that is asked tells it too, if it is recent", "[unit][doctor]") {
    World world;
    refer(world).path = "/api/";
    world.facts.time = "2026-11-20T18:37:05.000Z";
    world.say("api", "GET /api/api/orders?x=1 404 3ms");
    CHECK(world.said() ==
          "[path-doubled] web asks api for /api/api/orders, which does not exist (404): API_URL "
          "(web/.env:1) ends with /api, and what web appends to it begins with /api once more.\n");
    world.facts.time = "2026-11-20T18:39:05.000Z";
    CHECK(world.said().empty());
}

TEST_CASE("a path that is doubled on purpose, and one of another base, are no mistake",
          "[unit][doctor]") {
    World world;
    ReferenceFact& reference = refer(world);
    world.facts.time = "2026-11-20T18:37:05.000Z";
    world.say("api", "GET /api/api/orders 200 3ms");
    world.say("api", "GET /api/orders 404 3ms");
    CHECK(world.said().empty());
    reference.path = "";
    world.say("api", "GET /api/api/orders 404 3ms");
    CHECK(world.said().empty());
}
