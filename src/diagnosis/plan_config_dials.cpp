// The path that somebody misses, past a development server that passes requests on.

#include "diagnosis/collectors.hpp"

#include <algorithm>

namespace devstack::diagnosis {

namespace {

using core::doctor::DialFact;
using core::doctor::ReferenceFact;

/// The service that has answered declares the port, or listens there.
bool is_answer_of(const Facts& facts, const DialFact& asked, const std::string& service) {
    return std::ranges::any_of(facts.listeners, [&](const core::doctor::ListenerFact& it) {
        return it.port == asked.port && it.service == service;
    });
}

}  // namespace

std::vector<Endpoint> plan_config_dials(const Facts& facts) {
    constexpr int not_found = 404;
    constexpr double timeout = 0.4;
    std::vector<Endpoint> endpoints;
    const auto asked = std::ranges::find(facts.dials, std::string{"asked"}, &DialFact::id);
    if (asked == facts.dials.end() || asked->status != not_found) return endpoints;
    const auto second = asked->path.find('/', 1);
    if (second == asked->path.npos) return endpoints;
    const auto add =
        [&](const ReferenceFact& reference, const std::string& kind, const std::string& path) {
            const std::string id = "past " + reference.where + kind + ": asked";
            const bool is_known =
                std::ranges::find(facts.dials, id, &DialFact::id) != facts.dials.end();
            if (is_known) return;
            Endpoint endpoint;
            endpoint.fact.id = id;
            endpoint.fact.purpose = "compare";
            endpoint.fact.protocol = reference.scheme;
            endpoint.fact.host = reference.host;
            endpoint.fact.port = reference.port;
            endpoint.fact.path = path;
            endpoint.fact.timeout = timeout;
            endpoint.tls = core::TlsMode::insecure;
            endpoints.push_back(std::move(endpoint));
        };
    for (const ReferenceFact& reference : facts.references) {
        const bool is_http = reference.scheme == "http" || reference.scheme == "https";
        const bool is_passed = reference.kind == "config" && is_http && !reference.dial.empty();
        if (!is_passed || !is_answer_of(facts, *asked, reference.service)) continue;
        add(reference, "", asked->path);
        add(reference, ", stripped", asked->path.substr(second));
    }
    return endpoints;
}

}  // namespace devstack::diagnosis
