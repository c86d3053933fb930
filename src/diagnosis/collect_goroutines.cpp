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
    for (const WaitingGoroutine& it : after.waiting) {
        const auto same = then.find(it.number);
        if (same == then.end() || same->second->stack != it.stack ||
            same->second->frames != it.frames) {
            continue;
        }
        auto group = std::ranges::find_if(
            facts, [&](const GoroutineFact& fact) { return is_same(fact, it); });
        if (group == facts.end()) {
            if (facts.size() == groups_max) continue;
            facts.push_back(describe(pid, it));
            group = std::prev(facts.end());
        }
        ++group->count;
        group->seconds = std::max(group->seconds, it.seconds);
    }
    const int running = std::min(before.running, after.running);
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
