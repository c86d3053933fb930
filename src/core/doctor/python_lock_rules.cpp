// Threads of a Python program that wait for locks for ever. Where they are is known from the
// interpreter (see ThreadFact), and which locks they hold there from the source: what stands in a
// `with lock:` holds it.

#include "devstack/base/text.hpp"

#include "core/doctor/picture.hpp"
#include "core/doctor/python_places.hpp"
#include "core/doctor/threads.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <regex>
#include <set>

namespace devstack::core::doctor {

namespace {

using Place = PythonPlace;

struct Held {
    std::string lock;
    Place since;
};

struct Waiter {
    const ThreadFact* thread;
    std::string lock;  ///< As the source names it: "sessions_lock", "self.lock".
    Place place;
    std::vector<Held> held;
};

/// "lock" of "with lock:" and "lock.acquire()"; empty for all else.
std::string lock_taken_by(const std::string& line) {
    static const std::regex with{R"(^\s*(?:async )?with ([A-Za-z_][\w.]*)\s*:)"};
    static const std::regex acquire{R"(([A-Za-z_][\w.]*)\.acquire\()"};
    std::smatch found;
    if (std::regex_search(line, found, with)) return found[1].str();
    return std::regex_search(line, found, acquire) ? found[1].str() : "";
}

/// "lock" of "lock.release()".
std::string lock_given_up_by(const std::string& line) {
    static const std::regex release{R"(([A-Za-z_][\w.]*)\.release\()"};
    std::smatch found;
    return std::regex_search(line, found, release) ? found[1].str() : "";
}

/// What the line of `place` stands in, from the inside out, and what was acquired before it. All of
/// it is among the facts.
std::vector<Held> locks_around(const Place& place, const Picture& picture) {
    const SourceFact* const source = picture.source(place.file, place.line);
    if (source == nullptr) return {};
    const auto own = std::ranges::find(source->lines, place.line, &SourceLineFact::number);
    if (own == source->lines.end()) return {};
    std::vector<Held> held;
    std::set<std::string> given_up;
    std::size_t depth = own->text.find_first_not_of(" \t");
    for (auto line = own; line != source->lines.begin() && depth != std::string::npos;) {
        --line;
        const std::size_t its = line->text.find_first_not_of(" \t");
        if (its > depth) continue;
        const std::string_view text = std::string_view{line->text}.substr(its);
        const bool is_around = its < depth;
        depth = its;
        if (is_around && (text.starts_with("def ") || text.starts_with("async def "))) break;
        given_up.insert(lock_given_up_by(line->text));
        std::string lock = lock_taken_by(line->text);
        const bool is_block = text.starts_with("with ") || text.starts_with("async with ");
        if (lock.empty() || (is_block ? !is_around : given_up.contains(lock))) continue;
        Place since = place;
        since.line = line->number;
        held.push_back({std::move(lock), std::move(since)});
    }
    return held;
}

std::optional<Waiter> find_wait(const ThreadFact& thread, const Picture& picture) {
    const bool may_wait = thread.language == "python" && thread.system_call == "futex" &&
                          thread.state == "S" && !thread.frames.empty();
    const auto inner = may_wait ? parse_python_place(thread.frames.front()) : std::nullopt;
    const SourceFact* const source = inner ? picture.source(inner->file, inner->line) : nullptr;
    if (source == nullptr) return std::nullopt;
    const auto line = std::ranges::find(source->lines, inner->line, &SourceLineFact::number);
    if (line == source->lines.end()) return std::nullopt;
    Waiter waiter{&thread, lock_taken_by(line->text), *inner, {}};
    if (waiter.lock.empty()) return std::nullopt;
    for (const std::string& frame : thread.frames) {
        const auto place = parse_python_place(frame);
        if (!place) continue;
        std::ranges::move(locks_around(*place, picture), std::back_inserter(waiter.held));
    }
    return waiter;
}

const Held* find_held(const Waiter& waiter, const std::string& lock) {
    const auto found = std::ranges::find(waiter.held, lock, &Held::lock);
    return found == waiter.held.end() ? nullptr : &*found;
}

/// A name in an object may be another lock in another object.
Confidence confidence_in(const std::string& lock) {
    return lock.find('.') == lock.npos ? Confidence::sure : Confidence::probable;
}

Finding begin_finding(const ServiceFact& service, const std::vector<Waiter>& waiters) {
    Finding finding;
    finding.id = "deadlock";
    finding.service = service.name;
    finding.topic = "hang";
    finding.strength = 92;
    for (const Waiter& it : waiters) {
        constexpr std::size_t evidence_max = 4;
        constexpr std::size_t frames_max = 4;
        if (finding.evidence.size() == evidence_max) break;
        finding.evidence.push_back(name_of(*it.thread) + " waits in " +
                                   render_calls(it.thread->frames, frames_max));
    }
    return finding;
}

Finding tell_taken_twice(const ServiceFact& service,
                         const Waiter& waiter,
                         const Held& held,
                         const std::vector<Waiter>& waiters) {
    Finding finding = begin_finding(service, waiters);
    finding.confidence = confidence_in(waiter.lock);
    const auto count =
        static_cast<std::size_t>(std::ranges::count(waiters, waiter.lock, &Waiter::lock));
    finding.what = service.name + " is in a deadlock: " + name_of(*waiter.thread) + " waits for " +
                   waiter.lock + ", which it has held since " + held.since.text() +
                   ", and takes it again in " + waiter.place.text() + "; " +
                   count_of(count, "thread") + (count == 1 ? " waits" : " wait") + " for it.";
    finding.fix = "do not take " + waiter.lock + " in what " + held.since.function +
                  " calls while it holds it (" + waiter.place.text() +
                  "), or make it a threading.RLock; devstack restart " + service.name + " for now";
    return finding;
}

Finding tell_crossed(const ServiceFact& service,
                     const Waiter& one,
                     const Waiter& other,
                     const std::vector<Waiter>& waiters) {
    Finding finding = begin_finding(service, waiters);
    finding.confidence = std::min(confidence_in(one.lock), confidence_in(other.lock));
    finding.what = service.name + " is in a deadlock: " + name_of(*one.thread) + " waits in " +
                   one.place.text() + " for " + one.lock + ", which " + name_of(*other.thread) +
                   " has held since " + find_held(other, one.lock)->since.text() +
                   "; that one waits in " + other.place.text() + " for " + other.lock +
                   ", which the first has held since " + find_held(one, other.lock)->since.text() +
                   ".";
    finding.fix = "take " + one.lock + " and " + other.lock +
                  " in the same order everywhere; devstack restart " + service.name + " for now";
    return finding;
}

std::optional<Finding> find_deadlock(const ServiceFact& service,
                                     const std::vector<Waiter>& waiters) {
    for (const Waiter& it : waiters) {
        if (const Held* held = find_held(it, it.lock)) {
            return tell_taken_twice(service, it, *held, waiters);
        }
    }
    for (const Waiter& one : waiters) {
        for (const Waiter& other : waiters) {
            const bool is_crossed =
                find_held(other, one.lock) != nullptr && find_held(one, other.lock) != nullptr;
            if (is_crossed) return tell_crossed(service, one, other, waiters);
        }
    }
    return std::nullopt;
}

/// "jobs_lock = threading.Lock()", of one that processes do not share.
bool is_of_threads(const Waiter& waiter, const Picture& picture) {
    const SourceFact* const source = picture.source(waiter.place.file, waiter.place.line);
    if (source == nullptr) return false;
    static const std::regex made{
        R"(^\s*([A-Za-z_][\w.]*)\s*(?::[^=]+)?=\s*threading\.(?:R?Lock|Condition|(?:Bounded)?Semaphore)\()"};
    return std::ranges::any_of(source->lines, [&](const SourceLineFact& line) {
        std::smatch found;
        return std::regex_search(line.text, found, made) && found[1].str() == waiter.lock;
    });
}

/// Where the process waits for a child of its own to end; empty: it does not, or it is not known.
std::string place_of_parent(int pid, const Picture& picture) {
    for (const ThreadFact& it : picture.facts().threads) {
        const bool is_wait = it.system_call == "wait4" || it.system_call == "waitid";
        if (it.pid == pid && is_wait && !it.frames.empty()) return it.frames.front();
    }
    return "";
}

/// A child that was forked has the parent's locks as they were, and none of the threads that hold
/// them (fork(2), threading.Lock).
void look_at_forked(const ServiceFact& service,
                    const ProcessFact& process,
                    const std::vector<Waiter>& waiters,
                    const Picture& picture,
                    std::vector<Finding>& findings) {
    constexpr double patience = 1;
    const ProcessFact* const parent = picture.process(process.parent);
    const bool is_alone = process.threads == 1 && waiters.size() == 1;
    const bool is_forked = parent != nullptr && parent->service == service.name &&
                           parent->command == process.command && parent->threads > 1;
    if (!is_alone || !is_forked || process.age_seconds < patience) return;
    const Waiter& waiter = waiters.front();
    if (find_held(waiter, waiter.lock) != nullptr || !is_of_threads(waiter, picture)) return;
    Finding finding = begin_finding(service, waiters);
    const std::string child = std::to_string(process.pid);
    const std::string above = place_of_parent(parent->pid, picture);
    finding.id = "lock-held-over-fork";
    finding.confidence = Confidence::probable;
    finding.what = (above.empty() ? "The child process " + child + " of " + service.name + " waits"
                                  : service.name + " waits in " + above +
                                        " for its child process " + child + ", which waits") +
                   " in " + waiter.place.text() + " for " + waiter.lock + ": a thread of pid " +
                   std::to_string(parent->pid) +
                   " held that lock when the child was forked, and in the child there is no thread "
                   "that would release it.";
    finding.evidence.push_back("pid " + child + " has 1 thread, its parent " +
                               std::to_string(parent->pid) + " has " +
                               std::to_string(parent->threads) + "; both are " + process.command);
    finding.fix =
        "start it without a fork: multiprocessing.get_context(\"spawn\") (or "
        "\"forkserver\"), or fork before there are threads; devstack restart " +
        service.name + " for now";
    findings.push_back(std::move(finding));
}

}  // namespace

std::optional<PythonPlace> parse_python_place(const std::string& frame) {
    const auto open = frame.rfind(" (");
    const auto colon = frame.rfind(':');
    if (open == frame.npos || colon == frame.npos || colon < open) return std::nullopt;
    PythonPlace place{frame.substr(0, open), frame.substr(open + 2, colon - open - 2), 0};
    std::from_chars(frame.data() + colon + 1, frame.data() + frame.size(), place.line);
    return place;
}

void find_python_deadlocks(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        const std::size_t known = findings.size();
        for (const ProcessFact* process : picture.processes_of(service.name)) {
            std::vector<Waiter> waiters;
            for (const ThreadFact& thread : picture.facts().threads) {
                if (thread.pid != process->pid) continue;
                if (auto waiter = find_wait(thread, picture)) waiters.push_back(std::move(*waiter));
            }
            if (auto finding = find_deadlock(service, waiters)) {
                findings.push_back(std::move(*finding));
            } else if (findings.size() == known) {
                look_at_forked(service, *process, waiters, picture, findings);
            }
        }
    }
}

}  // namespace devstack::core::doctor
