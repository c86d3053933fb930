// A WebSocket that is not opened where somebody asks for it: does another server of the project
// open it, behind a proxy written in the project itself say?

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <set>

namespace devstack::diagnosis {

namespace {

using core::doctor::DialFact;
using core::doctor::ListenerFact;

/// A program of the project's: databases and brokers take HTTP for an attack.
bool is_program(const ListenerFact& listener, const Facts& facts) {
    const auto process =
        std::ranges::find(facts.processes, listener.pid, &core::doctor::ProcessFact::pid);
    return process != facts.processes.end() && !process->runtime.empty() &&
           !listener.service.empty();
}

bool is_refused(const DialFact& dial) {
    constexpr int switching_protocols = 101;
    const bool is_there = dial.stage != "connect" && dial.stage != "resolve";
    return dial.purpose == "websocket" && is_there && dial.status != switching_protocols;
}

}  // namespace

std::vector<Endpoint> plan_upgrade_dials(const Facts& facts) {
    constexpr double timeout = 0.3;
    constexpr std::size_t endpoints_max = 6;
    std::vector<Endpoint> endpoints;
    std::set<std::string> known;
    for (const DialFact& dial : facts.dials)
        known.insert(dial.id);
    for (const DialFact& dial : facts.dials) {
        if (!is_refused(dial) || dial.protocol != "http") continue;
        for (const ListenerFact& listener : facts.listeners) {
            const std::string id = "websocket at " + std::to_string(listener.port) + ": " + dial.id;
            const bool is_other = listener.port != dial.port && is_program(listener, facts);
            if (!is_other || endpoints.size() == endpoints_max || !known.insert(id).second)
                continue;
            Endpoint endpoint;
            endpoint.fact.id = id;
            endpoint.fact.purpose = "compare";
            endpoint.fact.protocol = "http";
            endpoint.fact.host = listener.address == "::1" ? "::1" : "127.0.0.1";
            endpoint.fact.port = listener.port;
            endpoint.fact.path = dial.path;
            endpoint.fact.sent = dial.sent;
            endpoint.fact.timeout = timeout;
            endpoints.push_back(std::move(endpoint));
        }
    }
    return endpoints;
}

}  // namespace devstack::diagnosis
