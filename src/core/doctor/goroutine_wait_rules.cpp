// Requests whose goroutines wait for what does not come: a connection of a pool that is used up, or
// somebody who takes what they send.

#include "devstack/base/text.hpp"

#include "core/doctor/goroutines.hpp"
#include "core/doctor/picture.hpp"
#include "core/doctor/runtime_words.hpp"

#include <algorithm>

namespace devstack::core::doctor {

namespace {

int count_if(const std::vector<Goroutine>& all, bool (*condition)(const Goroutine&)) {
    int count = 0;
    for (const Goroutine& it : all) {
        if (condition(it)) count += it.count;
    }
    return count;
}

std::string requests_wait(int count) {
    return count_of(static_cast<std::size_t>(count), "request") + (count == 1 ? " waits" : " wait");
}

Finding begin_finding(const std::string& id, const ServiceFact& service, const Goroutine& waiting) {
    Finding finding;
    finding.id = id;
    finding.service = service.name;
    finding.topic = "hang";
    finding.evidence = {count_of(static_cast<std::size_t>(waiting.count), "goroutine") + " [" +
                        waiting.state + "] " + (waiting.count == 1 ? "waits" : "wait") + " in " +
                        waiting.path()};
    return finding;
}

// ---- Pools -------------------------------------------------------------------------------------

/// The endpoint that it has most connections to: that of the pool.
const PeerFact* find_pooled(const ProcessFact& process, const Picture& picture) {
    const PeerFact* most = nullptr;
    for (const PeerFact& it : picture.facts().peers) {
        if (it.pid == process.pid && (most == nullptr || it.count > most->count)) most = &it;
    }
    return most;
}

/// Somebody waits for an answer that comes by one of the pool's connections.
bool uses_connection(const Goroutine& goroutine) {
    return goroutine.state.starts_with("IO wait") && !goroutine.frames.empty() &&
           std::ranges::any_of(goroutine.calls, [](const std::string& it) {
               return contains(it, "database/sql.") || contains(it, "/pgx/") ||
                      contains(it, "/go-redis/");
           });
}

void look_at_pool(const ServiceFact& service,
                  const ProcessFact& process,
                  const std::vector<Goroutine>& all,
                  const Picture& picture,
                  std::vector<Finding>& findings) {
    const int waiting = count_if(all, [](const Goroutine& it) { return it.waits_for_pool(); });
    const auto first = std::ranges::find_if(
        all, [](const Goroutine& it) { return it.waits_for_pool() && !it.frames.empty(); });
    if (first == all.end() || !suffers(service, picture)) return;
    Finding finding = begin_finding("pool-used-up", service, *first);
    const PeerFact* const peer = find_pooled(process, picture);
    const int used = count_if(all, uses_connection);
    finding.strength = used == 0 ? 90 : 86;
    finding.what =
        service.name + " has no free connection left in a pool: " + requests_wait(waiting) +
        " for one in " + first->frames.front().text() +
        (used == 0 ? ", and nobody waits for an answer by those that it has: they have "
                     "been taken and not given back."
                   : ", and " + requests_wait(used) + " for answers by those that it has.");
    if (peer != nullptr) {
        finding.evidence.push_back("it has " +
                                   count_of(static_cast<std::size_t>(peer->count), "connection") +
                                   " to " + peer->peer);
    }
    finding.fix = used == 0 ? "give them back: rows.Close() of what a query gives, Commit or "
                              "Rollback of each transaction, Close or Release of a connection"
                            : "see why these answers take so long, or raise the size of the pool "
                              "(SetMaxOpenConns, pool_max_conns)";
    finding.fix += "; devstack restart " + service.name + " for now";
    findings.push_back(std::move(finding));
}

// ---- Channels ----------------------------------------------------------------------------------

/// All that goes on in the program is requests, and waiting for some: who received has ended.
bool is_left_alone(const ProcessFact& process,
                   const std::vector<Goroutine>& all,
                   const Picture& picture) {
    const bool has_running = std::ranges::any_of(
        picture.facts().goroutines,
        [&](const GoroutineFact& it) { return it.pid == process.pid && it.state == "running"; });
    return !has_running && std::ranges::all_of(all, [](const Goroutine& it) {
        return it.frames.empty() || it.serves_request() || it.is_in("net/http.(*Server).Serve") ||
               it.is_in("os/signal.loop");
    });
}

int count_left(const ServiceFact& service, const Picture& picture) {
    int count = 0;
    for (const ConnectionFact& it : picture.facts().connections) {
        if (it.service == service.name && it.state == "close-wait") count += it.count;
    }
    return count;
}

bool is_silent(const ServiceFact& service, const Picture& picture) {
    const DialFact* const probe = picture.probe(service);
    return service.phase == "unhealthy" || (probe != nullptr && probe->error == "no answer");
}

void look_at_senders(const ServiceFact& service,
                     const ProcessFact& process,
                     const std::vector<Goroutine>& all,
                     const Picture& picture,
                     std::vector<Finding>& findings) {
    const auto sends = [](const Goroutine& it) {
        return it.state.starts_with("chan send") && it.serves_request() && !it.frames.empty();
    };
    const auto sender = std::ranges::find_if(all, sends);
    if (sender == all.end()) return;
    const bool is_alone = is_left_alone(process, all, picture);
    // Somebody may receive who is only slow, and clients may have lost their patience.
    constexpr int many = 3;
    if (!is_alone && !is_silent(service, picture) && count_left(service, picture) < many) return;
    const std::string place = sender->frames.front().text();
    Finding finding = begin_finding("channel-stuck", service, *sender);
    finding.strength = is_alone ? 90 : 85;
    finding.confidence = is_alone ? Confidence::sure : Confidence::probable;
    finding.what = "Requests to " + service.name +
                   " are stuck: " + requests_wait(count_if(all, sends)) + " in " + place +
                   " to send to a channel" +
                   (is_alone ? ", and no goroutine is left that could receive from it."
                             : " from which nobody receives, or too slowly.");
    finding.fix =
        is_alone ? "see who should receive what " + place + " sends, and why it has ended"
                 : "see what the goroutine waits for that should receive what " + place + " sends";
    finding.fix += "; devstack restart " + service.name + " for now";
    findings.push_back(std::move(finding));
}

}  // namespace

void find_waiting_goroutines(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        for (const ProcessFact* process : picture.processes_of(service.name)) {
            const auto all = goroutines_of(*process, picture);
            look_at_pool(service, *process, all, picture, findings);
            look_at_senders(service, *process, all, picture, findings);
        }
    }
}

}  // namespace devstack::core::doctor
