// Failures that leave everything running.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

std::string first(const World& world) {
    const auto findings = world.findings();
    if (findings.empty()) return "";
    return "[" + findings[0].id + "] " + findings[0].what + "\nfix " + findings[0].fix;
}

/// api is a worker, which serves nobody, and has said that each second.
World world_with_worker(const std::vector<std::string>& said) {
    World world;
    world.service("api").ports.clear();
    std::erase_if(world.facts.listeners, [](const auto& it) { return it.service == "api"; });
    std::erase_if(world.facts.dials, [](const auto& it) { return it.id == "probe of api"; });
    world.facts.time = "2026-11-20T18:37:09.500Z";
    LogFact log{"api", "api.log", {}};
    int second = 4;
    for (const std::string& text : said)
        log.lines.push_back({"2026-11-20T18:37:0" + std::to_string(second++) + ".000Z", text});
    world.facts.logs = {log};
    return world;
}

}  // namespace

TEST_CASE("a service was started before what it needs listened", "[unit][doctor]") {
    World world;
    world.facts.time = "2026-11-20T18:37:13.000Z";
    world.service("api").ports.clear();
    std::erase_if(world.facts.dials, [](const auto& it) { return it.id == "probe of api"; });
    world.service("web").uptime_seconds = 10.5;
    world.break_probe("web", 503);
    world.say("web", "config unreachable at boot: ConnectionRefusedError(111)");
    CHECK(first(world) ==
          "[started-too-early] web was started before api listened, was refused, and goes on "
          "without it: api (devstack.toml:1) has no port and no health check, so it counts as "
          "ready as soon as it is started.\n"
          "fix port = 3101 for api (devstack.toml:1), so that it is ready once it listens; "
          "devstack restart web for now");
    // It was refused long after its start.
    world.service("web").uptime_seconds = 60;
    CHECK_FALSE(first(world).starts_with("[started-too-early]"));
    world.service("web").uptime_seconds = 10.5;
    // devstack waits for the port.
    world.service("api").ports = {"3101"};
    CHECK_FALSE(first(world).starts_with("[started-too-early]"));
    world.service("web").needs = {{"api", "started"}};
    CHECK(
        first(world).starts_with("[started-too-early] web was started before api listened, was "
                                 "refused, and goes on without it: api (devstack.toml:1) is only "
                                 "waited for until it is started.\n"));
    // All is well by now.
    world.probe("web").status = 200;
    world.probe("web").is_unexpected = false;
    world.service("web").phase = "ready";
    CHECK(world.findings().empty());
}

TEST_CASE("the work of a service fails again and again", "[unit][doctor]") {
    const std::string line = "curl: (22) The requested URL returned error: 404";
    CHECK(first(world_with_worker({line, "x", line, "x", line})) ==
          "[work-fails-again-and-again] api runs, and its work fails again and again, 3 times "
          "within 5.5 s: curl: (22) The requested URL returned error: 404.\n"
          "fix correct what it asks for or where it asks; nothing restarts it, since it does not "
          "end: let it end with a status other than 0, or give it a health check");
    // It has failed at the beginning only, or does what it should as well.
    CHECK(world_with_worker({line, line}).findings().empty());
    CHECK(world_with_worker({line, line, line, "report sent"}).findings().empty());
    const std::string ignored = line + " (ignored)";
    CHECK(world_with_worker({ignored, "x", ignored, "x", ignored}).findings().empty());
    const std::string tick = "tick";
    World busy = world_with_worker({line, line, line});
    for (int i = 0; i < 4; ++i)
        busy.facts.logs[0].lines.push_back({"2026-11-20T18:37:08.000Z", tick});
    CHECK(busy.findings().empty());
    World past = world_with_worker({line, line, line});
    past.facts.time = "2026-11-20T18:37:59.000Z";
    CHECK(past.findings().empty());
    // What is counted and is none, what only informs, what tries again.
    for (const char* harmless : {"batch: 12 rows, 0 errors",
                                 "INFO connection refused by peer, reconnected",
                                 "errors=0 took 4 ms",
                                 "not found yet, will try again"}) {
        CHECK(world_with_worker({harmless, harmless, harmless}).findings().empty());
    }
    // Who serves others says of them what they do wrong.
    World server = world_with_worker({line, line, line});
    server.service("api").ports = {"3101"};
    CHECK(server.findings().empty());
}
