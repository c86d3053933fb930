// Routes of proxies that a request does not take, and might have been meant for.

#include "devstack/core/doctor/proxy_config.hpp"

#include <algorithm>

namespace devstack::core::doctor {

const ProxyRouteFact* find_shadowed(const Facts& facts, int port, const std::string& path) {
    const ProxyRouteFact* first = nullptr;
    for (const ProxyRouteFact& it : facts.proxy_routes) {
        const bool is_there = it.product == "Apache" &&
                              std::ranges::find(it.ports, std::to_string(port)) != it.ports.end();
        if (!is_there) continue;
        if (it.path.empty() || !it.group.empty()) return nullptr;
        if (!path.starts_with(it.path)) continue;
        if (first == nullptr) {
            if (it.host.empty()) return nullptr;
            first = &it;
        } else if (it.path.size() > first->path.size() && !it.host.empty()) {
            return &it;
        }
    }
    return nullptr;
}

std::vector<const ProxyRouteFact*> find_unmatched(const Facts& facts,
                                                  int port,
                                                  const std::string& path) {
    std::vector<const ProxyRouteFact*> routes;
    for (const ProxyRouteFact& it : facts.proxy_routes) {
        const bool is_there = std::ranges::find(it.ports, std::to_string(port)) != it.ports.end();
        if (!is_there || it.host.empty()) continue;
        // It may be this one.
        if (it.path.empty() || path.starts_with(it.path)) return {};
        if (it.scheme == "http" || it.scheme == "https") routes.push_back(&it);
    }
    return routes;
}

}  // namespace devstack::core::doctor
