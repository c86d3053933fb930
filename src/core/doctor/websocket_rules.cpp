// A WebSocket that one server does not open and another one of the project does: that is behind a
// gateway which is a program of its own (http-proxy-middleware, http-proxy), or was meant.

#include "core/doctor/picture.hpp"

#include <algorithm>

namespace devstack::core::doctor {

namespace {

constexpr int switching_protocols = 101;

const DialFact* find_opened(const DialFact& dial, const Picture& picture) {
    for (const DialFact& it : picture.facts().dials) {
        const bool is_same = it.id.starts_with("websocket at ") && it.id.ends_with(": " + dial.id);
        if (is_same && it.status == switching_protocols) return &it;
    }
    return nullptr;
}

/// ", where WS_URL (devstack.toml:14) of bot leads".
std::string render_use(const DialFact& dial, const Picture& picture) {
    const auto& references = picture.facts().references;
    const auto use = std::ranges::find(references, dial.id, &ReferenceFact::dial);
    if (use == references.end()) return "";
    return ", where " + render_reference(*use) + " of " + use->service + " leads";
}

}  // namespace

void find_lost_upgrades(const Picture& picture, std::vector<Finding>& findings) {
    for (const DialFact& dial : picture.facts().dials) {
        if (dial.purpose != "websocket" || dial.status == switching_protocols) continue;
        const DialFact* const opened = find_opened(dial, picture);
        const ServiceFact* const server = picture.owner_of(dial.port);
        const ServiceFact* const other =
            opened == nullptr ? nullptr : picture.owner_of(opened->port);
        if (server == nullptr || other == nullptr || server == other) continue;
        const std::string there = render_endpoint(opened->host, opened->port);
        Finding finding;
        finding.id = "proxy-drops-websocket";
        finding.service = server->name;
        finding.topic = "proxy websocket";
        finding.strength = 80;
        finding.what = server->name + " opens no WebSocket at " + dial.path + " on " +
                       render_endpoint(dial.host, dial.port) + render_use(dial, picture) + " (" +
                       (dial.status == 0 ? dial.error : "status " + std::to_string(dial.status)) +
                       "); " + other->name + " on " + there +
                       " agrees to the same upgrade (101), so " + server->name +
                       " does not pass it on.";
        finding.evidence = {
            render_request(*opened) + " with Upgrade: websocket: status 101",
            render_request(dial) + " with Upgrade: websocket: " + render_outcome(dial)};
        finding.fix = "let " + server->name +
                      " pass upgrades on (ws: true in http-proxy-middleware and http-proxy, or "
                      "server.on(\"upgrade\", …)), or ask " +
                      other->name + " itself: ws://" + there + dial.path;
        findings.push_back(std::move(finding));
    }
}

}  // namespace devstack::core::doctor
