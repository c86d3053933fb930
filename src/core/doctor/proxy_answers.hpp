#pragma once

#include "core/doctor/picture.hpp"
#include "core/doctor/proxy_conditions.hpp"

#include <string>
#include <vector>

// What HAProxy, Caddy and Apache answer by themselves: what the rules about it share.
namespace devstack::core::doctor {

/// A request that one of them was sent.
struct ProxyAnswer {
    const DialFact& dial;
    const ServiceFact& proxy;
    const Picture& picture;
    std::string product;

    /// "HAProxy (lb)".
    std::string name() const { return product + " (" + proxy.name + ")"; }
    /// "/api/items".
    std::string path() const { return dial.path.substr(0, dial.path.find('?')); }
    /// The host that was asked for, with the port as a client sends it.
    std::string host() const;
    ProxyRequest request() const;
    /// The same, past the proxy, is answered well; null: it is not, or nobody has asked.
    const DialFact* well_behind() const;
    /// What it does by itself with requests on this port.
    std::vector<const ProxyRuleFact*> rules(std::string_view kind) const;
    /// "GET …: status 403".
    std::string outcome() const;

    Finding begin(const char* id, int strength) const;
};

/// Of all requests that are asked about or probed, those to a service with a proxy of that product.
std::vector<ProxyAnswer> find_proxy_answers(const Picture& picture, const std::string& product);

/// "http-request deny if is_api (haproxy.cfg:12)".
std::string place_of(const ProxyRuleFact& rule);
/// "server s1 (haproxy.cfg:14)".
std::string place_of(const ProxyRouteFact& route);

}  // namespace devstack::core::doctor
