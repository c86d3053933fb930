#include "diagnosis/plan_routes.hpp"

#include "devstack/core/doctor/nginx_config.hpp"
#include "devstack/core/doctor/proxy_config.hpp"

#include <utility>

namespace devstack::diagnosis {

using core::doctor::DialFact;
using core::doctor::ProxyRouteFact;

Endpoint like(const DialFact& original, const std::string& purpose, const std::string& id) {
    Endpoint endpoint;
    endpoint.fact.id = id;
    endpoint.fact.purpose = purpose;
    endpoint.fact.protocol = original.protocol;
    endpoint.fact.host = original.host;
    endpoint.fact.port = original.port;
    endpoint.fact.path = original.path;
    endpoint.fact.sent = original.sent;
    endpoint.fact.timeout = original.timeout;
    endpoint.tls = core::TlsMode::insecure;
    return endpoint;
}

namespace {

Endpoint to_server(const ProxyRouteFact& route, const DialFact& dial, const std::string& id) {
    Endpoint endpoint = like(dial, "compare", id);
    endpoint.fact.protocol = route.scheme;
    endpoint.fact.host = route.host;
    endpoint.fact.port = route.port;
    return endpoint;
}

}  // namespace

std::vector<Endpoint> plan_other_routes(const core::doctor::Facts& facts, const DialFact& dial) {
    constexpr int not_found = 404;
    std::vector<Endpoint> endpoints;
    const auto* const route = core::doctor::find_shadowed(facts, dial.port, dial.path);
    if (route != nullptr && dial.status >= 400) {
        Endpoint endpoint = to_server(*route, dial, "past shadowed proxy: " + dial.id);
        endpoint.fact.path = core::doctor::passed_path(*route, dial.path);
        endpoints.push_back(std::move(endpoint));
    }
    const bool is_unknown = dial.status == not_found || core::doctor::is_page_for_api(dial);
    if (dial.purpose != "asked" || !is_unknown) return endpoints;
    for (const auto* other : core::doctor::find_unmatched(facts, dial.port, dial.path))
        endpoints.push_back(to_server(*other, dial, "past " + other->where + ": " + dial.id));
    return endpoints;
}

}  // namespace devstack::diagnosis
