// What clients of stores and brokers write when what they ask for by its name is not there.

#include "unit/core/doctor/log_examples.hpp"

using namespace devstack::core::doctor;
using namespace devstack::test;

namespace {

constexpr Told told[] = {
    {"redis: All sentinels are unreachable. Retrying from scratch after 400ms. Last error: ERR No "
     "such master with that name",
     "sentinel-master-unknown",
     "The Redis Sentinel that api asks monitors no master of the name that api asks for."},
    {"redis.sentinel.MasterNotFoundError: No master found for 'mymaster'",
     "sentinel-master-unknown",
     "The Redis Sentinel that api asks monitors no master mymaster, or that one is down."},
    {"redis.clients.jedis.exceptions.JedisException: Can connect to sentinel, but mymaster seems "
     "to "
     "be not monitored...",
     "sentinel-master-unknown",
     "The Redis Sentinel that api asks monitors no master mymaster."},
    {"sentinel: GetMasterAddrByName name=\"mymaster\" failed: redis: nil",
     "sentinel-master-unknown",
     "The Redis Sentinel that api asks monitors no master mymaster."},
    {"price: pricing.get: nats: no responders available for request",
     "no-responders",
     "Nobody is subscribed in NATS to pricing.get, by which api asks for something (no "
     "responders)."},
    {"nats.errors.NoRespondersError: nats: no responders available for request",
     "no-responders",
     "Nobody is subscribed in NATS to the subject by which api asks for something (no "
     "responders)."},
    {"NatsError: 503",
     "no-responders",
     "Nobody is subscribed in NATS to the subject by which api asks for something (503, no "
     "responders)."},
    {"pricing.get: 503 503",
     "no-responders",
     "Nobody is subscribed in NATS to pricing.get, by which api asks for something (503, no "
     "responders)."},
};

constexpr const char* harmless[] = {
    "+monitor master shop-main 127.0.0.1 6379 quorum 1",
    "GET /price 503 12 ms",
    "pool.size: 503 rows",
    "no master found for the slide, using the first one",
};

}  // namespace

TEST_CASE("names that a store or broker does not know are told", "[unit][doctor]") {
    check_told(told);
    check_harmless(harmless);
}

TEST_CASE("what is said again and again counts also of one that is well", "[unit][doctor]") {
    const std::string line = "redis: Last error: ERR No such master with that name";
    World world;
    world.facts.time = "2026-11-20T18:37:10.000Z";
    world.facts.logs = {{"api", "api.log", {{"2026-11-20T18:37:03.000Z", line}}}};
    CHECK(world.findings().empty());
    world.facts.logs[0].lines.push_back({"2026-11-20T18:37:08.000Z", line});
    CHECK(world.findings().at(0).id == "sentinel-master-unknown");
}
