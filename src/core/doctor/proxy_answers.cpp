#include "core/doctor/proxy_answers.hpp"

#include "devstack/base/ip_address.hpp"

#include <algorithm>

namespace devstack::core::doctor {

namespace {

/// By whatever name, it is this machine that was asked.
bool is_here(const DialFact& dial) {
    return is_local(dial.host) || std::ranges::any_of(dial.addresses, [](const AddressFact& it) {
               return it.outcome == "connected" && is_loopback(it.address);
           });
}

}  // namespace

std::string ProxyAnswer::host() const {
    for (const HeaderFact& it : dial.sent) {
        if (it.name == "Host" || it.name == "host") return it.value;
    }
    const bool is_usual = dial.port == (dial.protocol == "https" ? 443 : 80);
    return is_usual ? dial.host : render_endpoint(dial.host, dial.port);
}

ProxyRequest ProxyAnswer::request() const {
    ProxyRequest request;
    request.path = path();
    request.host = host();
    for (const AddressFact& it : dial.addresses) {
        // To an address of this machine one comes from that one.
        if (it.outcome == "connected" && is_loopback(it.address)) request.client = it.address;
    }
    return request;
}

const DialFact* ProxyAnswer::well_behind() const {
    const DialFact* const behind = picture.dial("past proxy: " + dial.id);
    const bool is_well = behind != nullptr && behind->status >= 200 && behind->status < 400;
    return is_well ? behind : nullptr;
}

std::vector<const ProxyRuleFact*> ProxyAnswer::rules(std::string_view kind) const {
    std::vector<const ProxyRuleFact*> rules;
    const std::string port = std::to_string(dial.port);
    for (const ProxyRuleFact& it : picture.facts().proxy_rules) {
        const bool is_there = std::ranges::find(it.ports, port) != it.ports.end();
        if (it.service == proxy.name && it.kind == kind && is_there) rules.push_back(&it);
    }
    return rules;
}

std::string ProxyAnswer::outcome() const {
    return render_request(dial) + ": " +
           (dial.status == 0 ? dial.error : "status " + std::to_string(dial.status));
}

Finding ProxyAnswer::begin(const char* id, int strength) const {
    Finding finding;
    finding.id = id;
    finding.service = proxy.name;
    finding.topic = "proxy";
    finding.strength = strength;
    finding.confidence = Confidence::sure;
    finding.evidence = {outcome()};
    return finding;
}

std::vector<ProxyAnswer> find_proxy_answers(const Picture& picture, const std::string& product) {
    std::vector<ProxyAnswer> answers;
    for (const DialFact& dial : picture.facts().dials) {
        if (dial.purpose != "probe" && dial.purpose != "asked") continue;
        const std::string port = std::to_string(dial.port);
        if (!is_here(dial)) continue;
        for (const ServiceFact& service : picture.facts().services) {
            const auto is_there = [&](const auto& it) {
                return it.service == service.name && it.product == product &&
                       std::ranges::find(it.ports, port) != it.ports.end();
            };
            const bool is_it = std::ranges::any_of(picture.facts().proxy_rules, is_there) ||
                               std::ranges::any_of(picture.facts().proxy_routes, is_there);
            if (is_it) answers.push_back({dial, service, picture, product});
        }
    }
    return answers;
}

std::string place_of(const ProxyRuleFact& rule) {
    return rule.text + " (" + rule.where + ")";
}

std::string place_of(const ProxyRouteFact& route) {
    return route.directive + " (" + route.where + ")";
}

}  // namespace devstack::core::doctor
