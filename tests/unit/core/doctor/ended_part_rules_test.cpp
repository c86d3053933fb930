// One of several programs of one command that has ended.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

World world_of(const std::string& command) {
    World world;
    world.service("api").command = command;
    LogFact log{"api", "api.log", {}};
    for (const char* line : {"web listens on 3000",
                             "Error: Cannot find module './conf/api.json'",
                             "    at Module._load (node:internal/modules/cjs/loader:1104:27)",
                             "Node.js v20.20.2",
                             "worker is there"}) {
        log.lines.push_back({"2026-11-20T18:37:03.000Z", line});
    }
    world.facts.logs.push_back(log);
    return world;
}

}  // namespace

TEST_CASE("one of several programs that has ended is told", "[unit][doctor]") {
    const auto findings = world_of("node api.js & node web.js & wait").findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].id == "part-has-ended");
    CHECK(findings[0].what ==
          "One of the programs that api starts (node api.js & node web.js & wait) has ended by an "
          "error, and the others go on: Error: Cannot find module './conf/api.json'.");
    CHECK(findings[0].fix ==
          "mend it, and make a service of each program, so that each is watched and started again; "
          "devstack restart api then");
}

TEST_CASE("an error of a command that is one program is not", "[unit][doctor]") {
    for (const char* command : {"node prepare.js; node api.js",
                                "node check.js || true && node api.js",
                                "node api.js 2>&1",
                                "node api.js &> api.log",
                                "node --watch api.js & node web.js",
                                "node api.js"}) {
        INFO(command);
        CHECK(world_of(command).findings().empty());
    }
}
