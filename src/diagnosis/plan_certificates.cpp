#include "diagnosis/plan_routes.hpp"

#include <algorithm>

namespace devstack::diagnosis {

using core::doctor::DialFact;
using core::doctor::ReferenceFact;

bool is_loopback(const std::string& host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::vector<Endpoint> plan_certificates(const core::doctor::Facts& facts) {
    constexpr std::size_t dials_max = 5;
    std::vector<Endpoint> endpoints;
    const auto asked = std::ranges::find(facts.dials, std::string{"asked"}, &DialFact::id);
    const bool has_failed =
        asked != facts.dials.end() && (asked->status >= 500 || !asked->error.empty());
    for (const ReferenceFact& it : facts.references) {
        const auto dial = std::ranges::find(facts.dials, it.dial, &DialFact::id);
        const bool is_there = dial != facts.dials.end() && dial->error.empty();
        const bool is_wanted = it.kind == "env" && it.scheme == "https" && is_loopback(it.host);
        if (!has_failed || !is_there || !is_wanted || endpoints.size() == dials_max) continue;
        Endpoint endpoint = like(*dial, "compare", "certificate of " + it.dial);
        endpoint.fact.protocol = "https";
        endpoint.fact.path = "/";
        endpoint.tls = core::TlsMode::insecure;
        endpoints.push_back(std::move(endpoint));
    }
    return endpoints;
}

}  // namespace devstack::diagnosis
