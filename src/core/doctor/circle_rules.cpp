// Services that call each other in a circle: of two that wait for each other neither can answer,
// and of two that pass each request on to the other there is no end.

#include "devstack/base/text.hpp"

#include "core/doctor/picture.hpp"
#include "core/doctor/threads.hpp"

#include <algorithm>
#include <map>

namespace devstack::core::doctor {

namespace {

/// A thread of `from` waits for an answer of `to`.
struct Wait {
    std::string from;
    std::string to;
    std::string text;  ///< "web waits for users (127.0.0.1:8001) in me (web.py:6)".
};

std::vector<Wait> find_waits(const Picture& picture) {
    std::vector<Wait> waits;
    for (const ThreadFact& it : picture.facts().threads) {
        const ProcessFact* const process = picture.process(it.pid);
        const auto listeners = it.peer.empty() ? std::vector<const ListenerFact*>{}
                                               : picture.listeners_on(port_of_peer(it.peer));
        if (process == nullptr || process->service.empty() || listeners.empty()) continue;
        const std::string& to = listeners.front()->service;
        const bool is_told = std::ranges::any_of(waits, [&](const Wait& other) {
            return other.from == process->service && other.to == to;
        });
        if (to.empty() || to == process->service || is_told) continue;
        const std::string place = place_of(it);
        waits.push_back({process->service,
                         to,
                         process->service + " waits for " + to + " (" + it.peer + ")" +
                             (place.empty() ? "" : " in " + place)});
    }
    return waits;
}

/// Requests of it are not answered, as the kernel sees it: their clients have gone, they have not
/// been read or not even been accepted.
bool has_requests_left(const std::string& service, const Picture& picture) {
    const auto& facts = picture.facts();
    return std::ranges::any_of(facts.connections,
                               [&](const ConnectionFact& it) {
                                   return it.service == service &&
                                          (it.state == "close-wait" || it.unread > 0);
                               }) ||
           std::ranges::any_of(facts.listeners, [&](const ListenerFact& it) {
               return it.service == service && it.accept_queue > 0;
           });
}

/// That the others hang follows from the circle.
void take_over(const std::string& first,
               const std::string& second,
               std::vector<Finding>& findings) {
    for (Finding& it : findings) {
        if (it.service == second && it.topic == "hang") it.blames = {first};
        if (it.service == first && it.topic == "hang") it.blames.clear();
    }
}

void look_at_waits(const Picture& picture, std::vector<Finding>& findings) {
    const auto waits = find_waits(picture);
    for (const Wait& there : waits) {
        const auto back = std::ranges::find_if(waits, [&](const Wait& it) {
            return it.from == there.to && it.to == there.from && there.from < it.from;
        });
        if (back == waits.end()) continue;
        if (!has_requests_left(there.from, picture) || !has_requests_left(back->from, picture)) {
            continue;
        }
        take_over(there.from, back->from, findings);
        Finding finding;
        finding.id = "services-wait-for-each-other";
        finding.service = there.from;
        finding.affects = {back->from};
        finding.topic = "circle";
        finding.strength = 78;
        finding.what = there.from + " and " + back->from + " wait for each other: " + there.text +
                       ", " + back->text + "; who is to answer waits itself.";
        finding.fix =
            "let one of them answer without asking the other; more workers or threads "
            "only make it rarer. devstack restart " +
            there.from + " " + back->from + " for now";
        findings.push_back(std::move(finding));
    }
}

/// "PRICING_URL (.env:1)": by what the service knows the port; empty: nothing tells.
std::string find_link(const std::string& service, int port, const Picture& picture) {
    for (const ReferenceFact* it : picture.references_of(service)) {
        if (it->port == port && it->kind == "env") return render_reference(*it);
    }
    return "";
}

const ConnectionFact* find_flood(const std::string& server,
                                 const std::string& client,
                                 const Picture& picture) {
    const auto& connections = picture.facts().connections;
    const auto flood = std::ranges::find_if(connections, [&](const ConnectionFact& it) {
        // Pools fill up too; they do not grow by so much while somebody looks.
        constexpr int growth_min = 10;
        return it.service == server && it.client == client && it.grown >= growth_min;
    });
    return flood == connections.end() ? nullptr : &*flood;
}

std::string render_flood(const ConnectionFact& flood) {
    return std::to_string(flood.count) + " connections of " + flood.client + " to " +
           flood.service + " (port " + std::to_string(flood.port) + ")";
}

void look_at_floods(const Picture& picture, std::vector<Finding>& findings) {
    for (const ConnectionFact& there : picture.facts().connections) {
        const std::string& from = there.client;
        if (from.empty() || there.service.empty() || from > there.service) continue;
        const bool is_itself = from == there.service;
        const ConnectionFact* const onward = find_flood(there.service, from, picture);
        const ConnectionFact* const back = find_flood(from, there.service, picture);
        if (onward != &there || back == nullptr) continue;
        Finding finding;
        finding.id = "calls-without-end";
        finding.service = from;
        if (!is_itself) finding.affects = {there.service};
        finding.topic = "circle";
        finding.strength = 88;
        finding.what = (is_itself ? from + " calls itself"
                                  : from + " and " + there.service + " call each other") +
                       " without end: " + render_flood(there) +
                       (is_itself ? "" : " and " + render_flood(*back)) + ", and more each moment.";
        finding.evidence = {"ss -tn state established '( sport = :" + std::to_string(there.port) +
                            " )' | wc -l: " + std::to_string(there.count) + ", " +
                            std::to_string(there.grown) + " more within a moment"};
        std::vector<std::string> links;
        for (const std::string& link : {find_link(from, there.port, picture),
                                        find_link(there.service, back->port, picture)}) {
            if (!link.empty() && (links.empty() || links.front() != link)) links.push_back(link);
        }
        finding.fix =
            (links.empty() ? "let one of them answer without asking the other"
                           : "correct " + join(links, " or ") + ", which lead in a circle") +
            "; devstack restart " + from + (is_itself ? "" : " " + there.service) + " for now";
        findings.push_back(std::move(finding));
    }
}

}  // namespace

void find_circles(const Picture& picture, std::vector<Finding>& findings) {
    look_at_waits(picture, findings);
    look_at_floods(picture, findings);
}

}  // namespace devstack::core::doctor
