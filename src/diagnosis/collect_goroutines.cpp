#include "diagnosis/collect_goroutines.hpp"

#include "diagnosis/tcp_connections.hpp"

#include <algorithm>
#include <map>

namespace devstack::diagnosis {

namespace {

using core::doctor::GoroutineFact;

bool is_same(const GoroutineFact& fact, const WaitingGoroutine& goroutine) {
    return fact.state == goroutine.state &&
           std::ranges::equal(fact.frames,
                              goroutine.frames,
                              [](const core::doctor::GoFrameFact& a, const GoPlace& b) {
                                  return a.line == b.line && a.function == b.function &&
                                         a.file == b.file;
                              });
}

/// Requests and connections come and go.
bool is_of_server(const WaitingGoroutine& goroutine) {
    return std::ranges::any_of(goroutine.frames, [](const GoPlace& it) {
        return it.function.starts_with("net/http.") || it.function == "os/signal.loop";
    });
}

GoroutineFact describe(int pid, const WaitingGoroutine& goroutine) {
    GoroutineFact fact;
    fact.pid = pid;
    fact.number = goroutine.number;
    fact.state = goroutine.state;
    for (const GoPlace& it : goroutine.frames)
        fact.frames.push_back({it.function, it.file, it.line});
    return fact;
}

}  // namespace

std::vector<GoroutineFact> compare_goroutines(int pid,
                                              const Goroutines& before,
                                              const Goroutines& after) {
    constexpr std::size_t groups_max = 100;
    std::map<std::uint64_t, const WaitingGoroutine*> then;
    for (const WaitingGoroutine& it : before.waiting)
        then[it.number] = &it;
    std::vector<GoroutineFact> facts;
    int running = after.running;
    for (const WaitingGoroutine& it : after.waiting) {
        const auto same = then.find(it.number);
        const bool is_same_wait = same != then.end() && same->second->stack == it.stack &&
                                  same->second->frames == it.frames;
        auto group = std::ranges::find_if(
            facts, [&](const GoroutineFact& fact) { return is_same(fact, it); });
        const bool has_room = group != facts.end() || facts.size() < groups_max;
        if (!is_same_wait || !has_room) {
            if (!is_of_server(it)) ++running;  // It goes on.
            continue;
        }
        if (group == facts.end()) {
            facts.push_back(describe(pid, it));
            group = std::prev(facts.end());
        }
        ++group->count;
        group->seconds = std::max(group->seconds, it.seconds);
    }
    if (running > 0) {
        GoroutineFact fact;
        fact.pid = pid;
        fact.count = running;
        fact.state = "running";
        facts.push_back(std::move(fact));
    }
    return facts;
}

std::vector<core::doctor::PeerFact> count_peers(int pid) {
    std::vector<core::doctor::PeerFact> peers;
    for (const std::string& peer : list_peers(pid)) {
        const auto found = std::ranges::find(peers, peer, &core::doctor::PeerFact::peer);
        if (found == peers.end()) {
            peers.push_back({pid, peer, 1});
        } else {
            ++found->count;
        }
    }
    return peers;
}

}  // namespace devstack::diagnosis
