// What clients of stores and brokers write when what they ask for by its name is not there.

#include "core/doctor/log_knowledge.hpp"

namespace devstack::core::doctor {

namespace {

constexpr std::string_view sentinel_fix =
    "redis-cli -p 26379 SENTINEL masters tells the names that it knows; write one of them where "
    "{service} names the master, or the other into sentinel monitor in sentinel.conf";
constexpr std::string_view nats_fix =
    "compare the subject letter by letter with what the other service subscribes to, and see that "
    "it is connected to the same NATS";

constexpr LogKnowledge table[] = {
    // ---- Redis Sentinel: ioredis, node-redis; redis-py, Jedis, Lettuce, go-redis, Predis
    {"sentinel-master-unknown",
     "No such master with that name",
     R"re(No such master with that name)re",
     "The Redis Sentinel that {service} asks monitors no master of the name that {service} asks "
     "for.",
     sentinel_fix,
     74,
     false,
     false,
     true},
    {"sentinel-master-unknown",
     "No master found for",
     R"re((?:MasterNotFoundError|sentinel\S*): No master found for '([^']+)')re",
     "The Redis Sentinel that {service} asks monitors no master {1}, or that one is down.",
     sentinel_fix,
     74,
     false,
     false,
     true},
    {"sentinel-master-unknown",
     "seems to be not monitored",
     R"re(connect to sentinel, but (\S+) seems to be not monitored)re",
     "The Redis Sentinel that {service} asks monitors no master {1}.",
     sentinel_fix,
     74,
     false,
     false,
     true},
    {"sentinel-master-unknown",
     "using sentinel for masterId",
     R"re(Cannot provide redisAddress using sentinel for masterId (\S+?)\.?$)re",
     "The Redis Sentinel that {service} asks monitors no master {1}.",
     sentinel_fix,
     74,
     false,
     false,
     true},
    {"sentinel-master-unknown",
     "sentinel: GetMasterAddrByName",
     R"re(sentinel: GetMasterAddrByName (?:name|master)="([^"]+)" failed: redis: nil)re",
     "The Redis Sentinel that {service} asks monitors no master {1}.",
     sentinel_fix,
     74,
     false,
     false,
     true},
    // ---- NATS: Go, Python and others; JavaScript, which has the status only
    {"no-responders",
     "o responders",
     R"re(\b(?![\w.]*Error\b)([A-Za-z_][\w-]*(?:\.[\w-]+)+)'?"?:? .*\b[Nn]o responders (?:are )?available for request)re",
     "Nobody is subscribed in NATS to {1}, by which {service} asks for something (no responders).",
     nats_fix,
     70,
     false,
     false,
     true},
    {"no-responders",
     "o responders",
     R"re(\b[Nn]o responders (?:are )?available for request|\bno responders$)re",
     "Nobody is subscribed in NATS to the subject by which {service} asks for something (no "
     "responders).",
     nats_fix,
     70,
     false,
     false,
     true},
    {"no-responders",
     "503",
     R"re((?:NatsError: 503\b|\bNoRespondersError\b))re",
     "Nobody is subscribed in NATS to the subject by which {service} asks for something (503, no "
     "responders).",
     nats_fix,
     70,
     false,
     false,
     true},
    {"no-responders",
     "503 503",
     R"re(([A-Za-z_][\w-]*(?:\.[\w-]+)+)\W+503 503\s*$)re",
     "Nobody is subscribed in NATS to {1}, by which {service} asks for something (503, no "
     "responders).",
     nats_fix,
     70,
     false,
     false,
     true},
};

}  // namespace

std::span<const LogKnowledge> log_knowledge_of_clients() {
    return table;
}

}  // namespace devstack::core::doctor
