// Who waits for whom. Edges are seen twice (see diagnosis), so that a circle of them is one that
// lasts: no thread in it will ever go on.

#include "devstack/base/text.hpp"

#include "core/doctor/picture.hpp"
#include "core/doctor/runtime_words.hpp"
#include "core/doctor/threads.hpp"

#include <algorithm>
#include <map>
#include <vector>

namespace devstack::core::doctor {

namespace {

using Threads = std::map<int, const ThreadFact*>;

Threads threads_of(int pid, const Picture& picture) {
    Threads threads;
    for (const ThreadFact& it : picture.facts().threads) {
        if (it.pid == pid) threads[it.thread] = &it;
    }
    return threads;
}

/// The circle that the thread is part of, beginning with it; empty: it is in none.
std::vector<const ThreadFact*> find_circle(const ThreadFact& first, const Threads& threads) {
    std::vector<const ThreadFact*> circle;
    const ThreadFact* at = &first;
    while (at->lock_owner != 0 && circle.size() <= threads.size()) {
        circle.push_back(at);
        const auto next = threads.find(at->lock_owner);
        if (next == threads.end()) return {};
        at = next->second;
        if (at == &first) return circle;
    }
    return {};
}

std::string in_place(const ThreadFact& thread) {
    const std::string place = place_of(thread);
    return place.empty() ? "" : " in " + place;
}

std::string render_edge(const ThreadFact& thread, const ThreadFact& owner) {
    constexpr std::size_t shown_max = 4;
    const std::string calls = render_calls(telling_frames(thread), shown_max);
    return name_of(thread) + " waits for the lock " + thread.lock + ", which " +
           (&thread == &owner ? "it holds itself" : name_of(owner) + " holds") +
           (calls.empty() ? "" : ": " + calls);
}

Finding tell_circle(const ServiceFact& service, const std::vector<const ThreadFact*>& circle) {
    Finding finding;
    finding.id = "deadlock";
    finding.service = service.name;
    finding.topic = "hang";
    finding.strength = 93;
    finding.confidence = Confidence::sure;
    const ThreadFact& first = *circle.front();
    if (circle.size() == 1) {
        finding.what = service.name + " is in a deadlock: " + name_of(first) + " waits" +
                       in_place(first) + " for a lock that it holds itself.";
        finding.fix = "do not take a lock in what is called while it is held" + in_place(first);
    } else {
        finding.what = service.name + " is in a deadlock: " + name_of(first) + " waits" +
                       in_place(first) + " for a lock that " + name_of(*circle[1]) + " holds";
        for (std::size_t i = 1; i < circle.size(); ++i) {
            const ThreadFact& next = *circle[(i + 1) % circle.size()];
            finding.what += ", which waits" + in_place(*circle[i]) + " for one that " +
                            name_of(next) + " holds";
        }
        finding.what += ".";
        finding.fix =
            "take these locks in the same order everywhere (std::scoped_lock takes "
            "several at once)";
    }
    finding.fix += "; devstack restart " + service.name + " for now";
    for (std::size_t i = 0; i < circle.size(); ++i)
        finding.evidence.push_back(render_edge(*circle[i], *circle[(i + 1) % circle.size()]));
    return finding;
}

/// No circle: everybody waits for one who is busy with something else.
void look_for_holder(const ServiceFact& service,
                     const Threads& threads,
                     std::vector<Finding>& findings) {
    std::map<int, std::vector<const ThreadFact*>> waiting;
    for (const auto& [number, thread] : threads) {
        if (thread->lock_owner != 0) waiting[thread->lock_owner].push_back(thread);
    }
    for (const auto& [number, them] : waiting) {
        const auto found = threads.find(number);
        if (found == threads.end() || found->second->lock_owner != 0) continue;
        const ThreadFact& owner = *found->second;
        const std::string call = owner.state == "R" ? "runs" : "waits in " + owner.system_call;
        Finding finding;
        finding.id = "lock-held";
        finding.service = service.name;
        finding.topic = "hang";
        finding.strength = 84;
        finding.what = service.name + " hangs at a lock: " + count_of(them.size(), "thread") +
                       (them.size() == 1 ? " waits" : " wait") + in_place(*them.front()) +
                       " for one that " + name_of(owner) + " holds, which " + call +
                       in_place(owner) + ".";
        for (const ThreadFact* it : them) {
            constexpr std::size_t evidence_max = 3;
            if (finding.evidence.size() < evidence_max) {
                finding.evidence.push_back(render_edge(*it, owner));
            }
        }
        finding.fix = "do not wait for others while a lock is held" + in_place(owner) +
                      "; devstack restart " + service.name + " for now";
        findings.push_back(std::move(finding));
        return;
    }
}

/// It waits for a lock of which nobody can tell who has it: futexes of Rust and others.
bool waits_for_unknown(const ThreadFact& thread) {
    return thread.system_call == "futex" && thread.state == "S" && thread.lock_owner == 0 &&
           is_at_lock(thread);
}

/// "reorder" of "reorder (stock.rs:14)".
std::string function_of(const std::string& frame) {
    return frame.substr(0, frame.rfind(" ("));
}

/// Others wait to enter what one is in already, which waits itself: it has the lock that they want,
/// and takes one again.
void look_for_reentry(const ServiceFact& service,
                      const Threads& threads,
                      std::vector<Finding>& findings) {
    std::vector<const ThreadFact*> waiting;
    for (const auto& [number, thread] : threads) {
        if (waits_for_unknown(*thread) && telling_frames(*thread).size() > 1)
            waiting.push_back(thread);
    }
    for (const ThreadFact* taker : waiting) {
        const auto frames = telling_frames(*taker);
        for (const ThreadFact* other : waiting) {
            const auto inner = telling_frames(*other).front();
            const auto entered =
                std::find_if(frames.begin() + 1, frames.end(), [&](const std::string& it) {
                    return function_of(it) == function_of(inner);
                });
            if (other == taker || entered == frames.end() || inner == frames.front()) continue;
            Finding finding;
            finding.id = "deadlock";
            finding.service = service.name;
            finding.topic = "hang";
            finding.strength = 90;
            finding.what = service.name + " is in a deadlock: " + name_of(*taker) + " waits in " +
                           frames.front() + " for a lock, called by " + *entered +
                           ", which has one that others wait for in " + inner + ".";
            for (const ThreadFact* it : waiting) {
                constexpr std::size_t evidence_max = 3;
                constexpr std::size_t frames_max = 4;
                if (finding.evidence.size() == evidence_max) break;
                finding.evidence.push_back(name_of(*it) + " waits in " +
                                           render_calls(telling_frames(*it), frames_max));
            }
            finding.fix = "do not take a lock in what is called while it is held (" +
                          frames.front() + "); devstack restart " + service.name + " for now";
            findings.push_back(std::move(finding));
            return;
        }
    }
}

/// Somebody sees that it hangs; without that a lock that is held for long is a program's way.
bool is_silent(const ServiceFact& service, const Picture& picture) {
    const DialFact* const probe = picture.probe(service);
    return service.phase == "unhealthy" || (probe != nullptr && probe->error == "no answer");
}

}  // namespace

void find_locks(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        for (const ProcessFact* process : picture.processes_of(service.name)) {
            const Threads threads = threads_of(process->pid, picture);
            const auto in_circle = std::ranges::find_if(
                threads, [&](const auto& it) { return !find_circle(*it.second, threads).empty(); });
            if (in_circle != threads.end()) {
                findings.push_back(tell_circle(service, find_circle(*in_circle->second, threads)));
            } else if (is_silent(service, picture)) {
                look_for_holder(service, threads, findings);
            }
            const bool may_be_taken_twice =
                in_circle == threads.end() && process->runtime.empty() && suffers(service, picture);
            if (may_be_taken_twice) look_for_reentry(service, threads, findings);
        }
    }
}

}  // namespace devstack::core::doctor
