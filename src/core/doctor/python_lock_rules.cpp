// Threads of a Python program that wait for locks for ever. Where they are is known from the
// interpreter (see ThreadFact), and which locks they hold there from the source: what stands in a
// `with lock:` holds it.

#include "devstack/base/text.hpp"

#include "core/doctor/picture.hpp"
#include "core/doctor/threads.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <regex>
#include <set>

namespace devstack::core::doctor {

namespace {

struct Place {
    std::string function;
    std::string file;
    int line = 0;

    std::string text() const { return function + " (" + file + ":" + std::to_string(line) + ")"; }
};

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

/// "rotate (app/sessions.py:41)".
std::optional<Place> parse_place(const std::string& frame) {
    const auto open = frame.rfind(" (");
    const auto colon = frame.rfind(':');
    if (open == frame.npos || colon == frame.npos || colon < open) return std::nullopt;
    Place place{frame.substr(0, open), frame.substr(open + 2, colon - open - 2), 0};
    std::from_chars(frame.data() + colon + 1, frame.data() + frame.size(), place.line);
    return place;
}

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
    const auto inner = may_wait ? parse_place(thread.frames.front()) : std::nullopt;
    const SourceFact* const source = inner ? picture.source(inner->file, inner->line) : nullptr;
    if (source == nullptr) return std::nullopt;
    const auto line = std::ranges::find(source->lines, inner->line, &SourceLineFact::number);
    if (line == source->lines.end()) return std::nullopt;
    Waiter waiter{&thread, lock_taken_by(line->text), *inner, {}};
    if (waiter.lock.empty()) return std::nullopt;
    for (const std::string& frame : thread.frames) {
        const auto place = parse_place(frame);
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

}  // namespace

void find_python_deadlocks(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        for (const ProcessFact* process : picture.processes_of(service.name)) {
            std::vector<Waiter> waiters;
            for (const ThreadFact& thread : picture.facts().threads) {
                if (thread.pid != process->pid) continue;
                if (auto waiter = find_wait(thread, picture)) waiters.push_back(std::move(*waiter));
            }
            if (auto finding = find_deadlock(service, waiters)) {
                findings.push_back(std::move(*finding));
            }
        }
    }
}

}  // namespace devstack::core::doctor
