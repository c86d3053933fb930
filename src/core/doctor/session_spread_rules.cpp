// Sessions of Socket.IO that nginx spreads over several servers: each knows its own alone
// (socket.io/docs/v4/using-multiple-nodes).

#include "devstack/base/text.hpp"

#include "core/doctor/access_lines.hpp"

#include <algorithm>
#include <map>
#include <regex>

namespace devstack::core::doctor {

namespace {

struct Session {
    const LineFact* refused = nullptr;
    bool is_known = false;
};

/// Those of which one request was refused and another one was not.
std::vector<const LineFact*> find_torn(const std::string& service, const Picture& picture) {
    static const std::regex form{R"re(/socket\.io/\?\S*\bsid=([\w-]+)\S* HTTP/[\d.]+" (\d{3}))re"};
    constexpr double recent_seconds = 120;
    std::map<std::string, Session> sessions;
    for (const LogFact& log : picture.facts().logs) {
        if (log.service != service) continue;
        for (const LineFact& it : log.lines) {
            std::smatch found;
            const bool is_one = contains(it.text, "/socket.io/?") &&
                                std::regex_search(it.text, found, form) &&
                                picture.seconds_since(it.time) <= recent_seconds;
            if (!is_one) continue;
            Session& session = sessions[found[1].str()];
            if (found[2].str() == "400") session.refused = &it;
            if (found[2].str() == "200" || found[2].str() == "101") session.is_known = true;
        }
    }
    std::vector<const LineFact*> torn;
    for (const auto& [sid, session] : sessions) {
        if (session.refused != nullptr && session.is_known) torn.push_back(session.refused);
    }
    return torn;
}

}  // namespace

void find_spread_sessions(const Picture& picture, std::vector<Finding>& findings) {
    constexpr std::size_t torn_min = 2;
    for (const NginxFact& nginx : picture.facts().nginx) {
        const auto upstream = std::ranges::find_if(
            nginx.upstreams, [](const NginxUpstreamFact& it) { return it.servers.size() > 1; });
        if (upstream == nginx.upstreams.end() || picture.service(nginx.service) == nullptr)
            continue;
        const auto torn = find_torn(nginx.service, picture);
        if (torn.size() < torn_min) continue;
        Finding finding;
        finding.id = "session-not-sticky";
        finding.service = nginx.service;
        finding.topic = "session spread";
        finding.strength = 82;
        finding.what =
            "nginx spreads the requests of one Socket.IO session over the servers of "
            "upstream " +
            upstream->name + " (" + upstream->where + ": " + join_for_people(upstream->servers) +
            "), of which one alone knows it: the others answer 400 (Session ID unknown), "
            "in " +
            count_of(torn.size(), "session") + " lately.";
        finding.evidence = {render_line(nginx.service, *torn.back())};
        finding.fix = "ip_hash; (or hash $arg_sid consistent;) in upstream " + upstream->name +
                      " (" + upstream->where +
                      "), then nginx -t and reload; or transports: [\"websocket\"] in the clients";
        findings.push_back(std::move(finding));
    }
}

}  // namespace devstack::core::doctor
