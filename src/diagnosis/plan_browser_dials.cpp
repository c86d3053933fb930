// What a browser would ask besides the URL that somebody asks about: may a page send this (Fetch
// Standard, 4.8, CORS-preflight fetch), and is a page that a redirect leads to elsewhere?

#include "devstack/core/doctor/browser_words.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace devstack::diagnosis {

namespace {

using core::doctor::DialFact;
using core::doctor::HeaderFact;

constexpr double timeout = 0.4;

bool is_known(const std::string& id, const Facts& facts) {
    return std::ranges::find(facts.dials, id, &DialFact::id) != facts.dials.end();
}

Endpoint like_asked(const DialFact& asked, const std::string& id) {
    Endpoint endpoint;
    endpoint.fact.id = id;
    endpoint.fact.purpose = "compare";
    endpoint.fact.protocol = asked.protocol;
    endpoint.fact.host = asked.host;
    endpoint.fact.port = asked.port;
    endpoint.fact.path = asked.path;
    endpoint.fact.timeout = timeout;
    endpoint.tls = core::TlsMode::insecure;
    return endpoint;
}

void plan_preflight(const DialFact& asked, const Facts& facts, std::vector<Endpoint>& endpoints) {
    const std::string id = "preflight of asked";
    const std::string named = core::doctor::preflight_headers(asked);
    const auto origin = std::ranges::find_if(asked.sent, [](const HeaderFact& it) {
        return it.name == "Origin" || it.name == "origin";
    });
    if (origin == asked.sent.end() || named.empty() || is_known(id, facts)) return;
    Endpoint endpoint = like_asked(asked, id);
    endpoint.method = "OPTIONS";
    endpoint.fact.sent = {{"Origin", origin->value},
                          {"Access-Control-Request-Method", "GET"},
                          {"Access-Control-Request-Headers", named}};
    endpoints.push_back(std::move(endpoint));
}

/// A page whose parts are at the root, while it is below a prefix.
void plan_parts(const DialFact& asked, const Facts& facts, std::vector<Endpoint>& endpoints) {
    const std::string prefix = core::doctor::first_part(asked.path);
    const auto type =
        std::ranges::find(asked.headers, std::string{"content-type"}, &HeaderFact::name);
    const bool is_page = type != asked.headers.end() && type->value.starts_with("text/html");
    if (!is_page || prefix.empty() || asked.status != 200) return;
    for (const std::string& part : core::doctor::parts_of_page(asked.body, prefix)) {
        const std::string id = "part of page: " + part;
        if (is_known(id, facts)) continue;
        Endpoint endpoint = like_asked(asked, id);
        endpoint.fact.path = part;
        endpoints.push_back(endpoint);
        endpoint.fact.id = "part of page: " + prefix + part;
        endpoint.fact.path = prefix + part;
        endpoints.push_back(std::move(endpoint));
    }
}

/// Who is refused for the page that it comes from is let in without one.
void plan_without_origin(const DialFact& asked,
                         const Facts& facts,
                         std::vector<Endpoint>& endpoints) {
    const std::string id = "without origin: asked";
    constexpr int forbidden = 403;
    Endpoint endpoint = like_asked(asked, id);
    endpoint.fact.sent = asked.sent;
    const auto removed = std::erase_if(endpoint.fact.sent, [](const HeaderFact& it) {
        return it.name == "Origin" || it.name == "origin";
    });
    if (asked.status != forbidden || removed == 0 || is_known(id, facts)) return;
    endpoints.push_back(std::move(endpoint));
}

/// A redirect by a path that is not there: is it below the first part of the path that was asked?
void plan_prefix(const DialFact& asked, const Facts& facts, std::vector<Endpoint>& endpoints) {
    const std::string id = "with prefix: asked";
    const auto next = std::ranges::find(facts.dials, "redirect 1 of asked", &DialFact::id);
    const std::string prefix = core::doctor::first_part(asked.path);
    if (next == facts.dials.end() || prefix.empty() || is_known(id, facts)) return;
    const bool is_lost = next->status >= 400 && next->host == asked.host &&
                         next->port == asked.port && next->path != prefix &&
                         !next->path.starts_with(prefix + "/");
    if (!is_lost) return;
    Endpoint endpoint = like_asked(asked, id);
    endpoint.fact.path = prefix + next->path;
    endpoints.push_back(std::move(endpoint));
}

}  // namespace

std::vector<Endpoint> plan_compressed(const Endpoint& asked) {
    constexpr std::array<std::string_view, 6> words{
        "event", "stream", "sse", "live", "subscribe", "notif"};
    const DialFact& fact = asked.fact;
    const bool is_stream = std::ranges::any_of(
        words, [&](std::string_view it) { return fact.path.find(it) != fact.path.npos; });
    const bool is_plain = std::ranges::none_of(fact.sent, [](const HeaderFact& it) {
        return it.name == "Accept-Encoding" || it.name == "accept-encoding" || it.name == "Upgrade";
    });
    if (!is_stream || !is_plain) return {};
    Endpoint endpoint = like_asked(fact, "gzip of asked");
    endpoint.fact.sent = fact.sent;
    endpoint.fact.sent.push_back({"Accept-Encoding", "gzip"});
    endpoint.fact.purpose = "compressed";
    endpoint.fact.timeout = fact.timeout;
    return {endpoint};
}

std::vector<Endpoint> plan_browser_dials(const Facts& facts) {
    std::vector<Endpoint> endpoints;
    const auto asked = std::ranges::find(facts.dials, "asked", &DialFact::id);
    if (asked == facts.dials.end() || asked->status == 0) return endpoints;
    plan_preflight(*asked, facts, endpoints);
    plan_prefix(*asked, facts, endpoints);
    plan_without_origin(*asked, facts, endpoints);
    plan_parts(*asked, facts, endpoints);
    return endpoints;
}

}  // namespace devstack::diagnosis
