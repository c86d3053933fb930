// Middleware that keeps a request from its answer.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

/// api, of Node.js, is asked for /orders and does not answer.
World silent_world() {
    World world;
    for (ProcessFact& it : world.facts.processes) {
        it.runtime = "node";
        it.has_event_loop = true;
        it.talks_to_nobody = true;
    }
    DialFact asked = world.probe("api");
    asked.id = asked.purpose = "asked";
    asked.path = "/orders?day=1";
    asked.status = 0;
    asked.stage = "first byte";
    asked.error = "no answer";
    asked.seconds = asked.timeout = 0.9;
    world.facts.dials.push_back(asked);
    world.facts.middleware = {{"api", "tenant", "tenant.js:1", "tenant.js:3", "no next", ""}};
    return world;
}

}  // namespace

TEST_CASE("middleware that lets a request go nowhere is told", "[unit][doctor]") {
    const World world = silent_world();
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].id == "middleware-without-next");
    CHECK(findings[0].what ==
          "The request to api is not answered, and api waits for nobody: there is a way through "
          "tenant (tenant.js:1) that neither answers nor calls next(); see tenant.js:3.");
    CHECK(findings[0].fix ==
          "call next(), or answer (res.status(…).json(…)), on each way through it: in tenant.js:3 "
          "there is no else");
}

TEST_CASE("middleware that may have nothing to do with it is not", "[unit][doctor]") {
    SECTION("of another route") {
        World world = silent_world();
        world.facts.middleware[0].route = "/admin";
        CHECK(world.findings().at(0).id == "accepts-and-never-answers");
        world.facts.middleware[0].route = "/:kind";
        CHECK(world.findings().at(0).id == "middleware-without-next");
    }
    SECTION("the handler may wait for somebody") {
        World world = silent_world();
        for (ProcessFact& it : world.facts.processes)
            it.talks_to_nobody = false;
        CHECK(world.findings().at(0).id == "accepts-and-never-answers");
    }
    SECTION("it may be one of two") {
        World world = silent_world();
        world.facts.middleware.push_back(world.facts.middleware[0]);
        CHECK(world.findings().at(0).id == "accepts-and-never-answers");
    }
    SECTION("the request is answered") {
        World world = silent_world();
        world.facts.dials.back() = world.probe("api");
        world.facts.dials.back().id = "asked";
        CHECK(world.findings().empty());
    }
}

TEST_CASE("Koa's middleware that waits for nothing is told", "[unit][doctor]") {
    World world = silent_world();
    world.facts.middleware = {{"api", "", "api.js:2", "api.js:2", "no await", ""}};
    DialFact& asked = world.facts.dials.back();
    asked.error.clear();
    asked.stage = "done";
    asked.status = 404;
    asked.is_unexpected = true;
    asked.body = "Not Found";
    CHECK(world.findings().at(0).what ==
          "Koa in api answers 404 before there is an answer, as a rule: the middleware in api.js:2 "
          "calls next() in api.js:2 and waits for nothing that comes after it.");
    asked.body = "Cannot GET /orders";
    CHECK(world.findings().at(0).id != "middleware-without-await");
}
