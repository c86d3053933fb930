// Goroutines that wait for a lock for ever: seen twice by the profiler or in the memory of the
// program, or in the dump of one that was asked for it because it did not answer.

#include "devstack/base/text.hpp"

#include "core/doctor/goroutines.hpp"
#include "core/doctor/picture.hpp"
#include "core/doctor/runtime_words.hpp"

#include <algorithm>
#include <optional>
#include <regex>

namespace devstack::core::doctor {

namespace {

bool is_at_same_place(const Goroutine& a, const Goroutine& b) {
    return std::ranges::equal(a.frames, b.frames, [](const GoFrame& x, const GoFrame& y) {
        return x.file == y.file && x.line == y.line;
    });
}

/// Goroutines that wait for a lock in both dumps, at the same place.
std::vector<Goroutine> find_stuck(const std::vector<Goroutine>& before,
                                  const std::vector<Goroutine>& after) {
    std::vector<Goroutine> stuck;
    for (const Goroutine& it : after) {
        const auto same = std::ranges::find(before, it.number, &Goroutine::number);
        const bool is_stuck = it.waits_for_lock() && same != before.end() &&
                              same->waits_for_lock() && is_at_same_place(*same, it);
        if (is_stuck && !it.frames.empty()) stuck.push_back(it);
    }
    return stuck;
}

/// Others wait to enter a function that this one is in already: it holds the lock that they want,
/// and waits for one itself.
bool takes_again(const Goroutine& goroutine, const std::vector<Goroutine>& stuck) {
    return std::ranges::any_of(stuck, [&](const Goroutine& it) {
        return std::any_of(
            goroutine.frames.begin() + 1, goroutine.frames.end(), [&](const GoFrame& frame) {
                return frame.function == it.frames.front().function;
            });
    });
}

// ---- What the source tells ---------------------------------------------------------------------

struct Taking {
    std::string lock;      ///< "tempKeysMux", as it is called where it is waited for.
    const GoFrame* outer;  ///< In which it is held …
    int line = 0;          ///< … since this line.
};

/// "tempKeysMux" of a line that takes it.
std::string lock_taken_by(const std::string& line) {
    static const std::regex taking{R"(([A-Za-z_][\w.\[\]]*)\.R?Lock\(\))"};
    std::smatch found;
    return std::regex_search(line, found, taking) ? found[1].str() : "";
}

std::string lock_given_up_by(const std::string& line) {
    static const std::regex giving{R"(([A-Za-z_][\w.\[\]]*)\.R?Unlock\(\))"};
    std::smatch found;
    return std::regex_search(line, found, giving) ? found[1].str() : "";
}

std::string lock_taken_at(const GoFrame& frame, const Picture& picture) {
    const SourceFact* const source = picture.source(frame.file, frame.line);
    if (source == nullptr) return "";
    const auto line = std::ranges::find(source->lines, frame.line, &SourceLineFact::number);
    return line == source->lines.end() ? "" : lock_taken_by(line->text);
}

/// The same for the same lock of an object, whatever methods call that object: "main.(*Cart).mu"
/// of "c.mu" in a method of it.
std::string key_of(const std::string& lock, const std::string& function) {
    const auto slash = function.rfind('/');
    const auto dot = function.find('.', slash == function.npos ? 0 : slash);
    const auto field = lock.find('.');
    const auto bracket = function.find(").", dot);
    const bool is_of_object =
        field != lock.npos && bracket != function.npos && function.compare(dot, 3, ".(*") == 0;
    if (is_of_object) return function.substr(0, bracket + 1) + lock.substr(field);
    return function.substr(0, dot) + "." + lock;
}

/// The line before the call in which the function of `frame` takes the lock, and does not give it
/// up again.
int held_since(const GoFrame& frame, const std::string& key, const Picture& picture) {
    const SourceFact* const source = picture.source(frame.file, frame.line);
    if (source == nullptr) return 0;
    // What is around it may have ended long ago.
    const bool is_closure = contains(frame.function, ".func");
    int since = 0;
    for (const SourceLineFact& line : source->lines) {
        if (line.number >= frame.line) break;
        if (line.text.starts_with("func ") || (is_closure && contains(line.text, "func(")))
            since = 0;
        const bool is_deferred = contains(line.text, "defer ");
        const std::string taken = lock_taken_by(line.text);
        const std::string given_up = lock_given_up_by(line.text);
        if (!taken.empty() && key_of(taken, frame.function) == key) since = line.number;
        const bool is_given_up = !given_up.empty() && key_of(given_up, frame.function) == key;
        if (is_given_up && !is_deferred) since = 0;
    }
    return since;
}

/// Where a goroutine has the lock, outside of its first `skipped` frames.
std::optional<Taking> find_held(const Goroutine& goroutine,
                                const std::string& key,
                                std::size_t skipped,
                                const Picture& picture) {
    for (std::size_t i = skipped; i < goroutine.frames.size(); ++i) {
        const int since = held_since(goroutine.frames[i], key, picture);
        if (since != 0) return Taking{"", &goroutine.frames[i], since};
    }
    return std::nullopt;
}

std::string key_waited_for(const Goroutine& goroutine, const Picture& picture) {
    const GoFrame& inner = goroutine.frames.front();
    const std::string lock = lock_taken_at(inner, picture);
    return lock.empty() ? "" : key_of(lock, inner.function);
}

std::optional<Taking> find_taking(const Goroutine& goroutine, const Picture& picture) {
    const std::string key = key_waited_for(goroutine, picture);
    auto taking = key.empty() ? std::nullopt : find_held(goroutine, key, 1, picture);
    if (taking) taking->lock = lock_taken_at(goroutine.frames.front(), picture);
    return taking;
}

/// Who takes a lock again that it has already; null: nobody.
const Goroutine* find_taker(const std::vector<Goroutine>& stuck, const Picture& picture) {
    const auto found = std::ranges::find_if(
        stuck, [&](const Goroutine& it) { return find_taking(it, picture).has_value(); });
    return found == stuck.end() ? nullptr : &*found;
}

/// One waits for a lock that another one has, which waits itself.
struct Crossing {
    const Goroutine* waiter;
    const Goroutine* holder;
    Taking held;                       ///< By the holder.
    std::optional<Taking> held_by_it;  ///< By the waiter: what the holder waits for.
};

std::optional<Crossing> find_crossing(const std::vector<Goroutine>& stuck,
                                      const std::vector<Goroutine>& all,
                                      const Picture& picture) {
    std::optional<Crossing> one_sided;
    for (const Goroutine& waiter : stuck) {
        const std::string key = key_waited_for(waiter, picture);
        if (key.empty()) continue;
        for (const Goroutine& holder : all) {
            if (holder.number == waiter.number || holder.frames.empty()) continue;
            auto held = find_held(holder, key, 0, picture);
            if (!held || key == key_waited_for(holder, picture)) continue;
            held->lock = lock_taken_at(waiter.frames.front(), picture);
            Crossing crossing{&waiter, &holder, *held, std::nullopt};
            const std::string other = key_waited_for(holder, picture);
            if (holder.waits_for_lock() && !other.empty()) {
                crossing.held_by_it = find_held(waiter, other, 0, picture);
            }
            if (crossing.held_by_it) {
                crossing.held_by_it->lock = lock_taken_at(holder.frames.front(), picture);
                return crossing;
            }
            if (!one_sided) one_sided = crossing;
        }
    }
    return one_sided;
}

// ---- The finding -------------------------------------------------------------------------------

/// The one that came deepest: it went through a function that takes the lock first.
const Goroutine& find_deepest(const std::vector<Goroutine>& stuck) {
    return *std::ranges::max_element(
        stuck, {}, [](const Goroutine& it) { return it.frames.size(); });
}

int count_all(const std::vector<Goroutine>& stuck) {
    int count = 0;
    for (const Goroutine& it : stuck)
        count += it.count;
    return count;
}

std::string goroutines_wait(int count) {
    return count_of(static_cast<std::size_t>(count), "goroutine") +
           (count == 1 ? " waits" : " wait");
}

std::string describe_stuck(const Goroutine& deepest,
                           const std::vector<Goroutine>& stuck,
                           bool is_proven) {
    return std::string{"are stuck in "} +
           (is_proven ? "a deadlock: " : "what looks like a deadlock: ") +
           goroutines_wait(count_all(stuck)) + " for a mutex that nobody gives up, in " +
           deepest.path() + ".";
}

/// "main.store (cart.go:17)": the line in which it takes the lock.
std::string place_of(const Taking& taking) {
    GoFrame outer = *taking.outer;
    outer.line = taking.line;
    return outer.text();
}

void tell_taken_twice(const Goroutine& taker,
                      const Taking& taking,
                      const std::vector<Goroutine>& stuck,
                      Finding& finding) {
    finding.confidence = Confidence::sure;
    finding.strength = 92;
    const GoFrame& inner = taker.frames.front();
    finding.what = "Requests to " + finding.service + " are stuck in a deadlock: goroutine " +
                   taker.number + " waits for the mutex " + taking.lock +
                   ", which it has held since " + place_of(taking) + ", and takes it again in " +
                   inner.text() + "; " + goroutines_wait(count_all(stuck)) + " for it.";
    finding.fix = "do not take " + taking.lock + " in what " + taking.outer->function +
                  " calls while it holds it (" + inner.text() + ")";
}

void tell_crossing(const Crossing& crossing,
                   const std::vector<Goroutine>& stuck,
                   Finding& finding) {
    const Goroutine& waiter = *crossing.waiter;
    const Goroutine& holder = *crossing.holder;
    const std::string beginning = "goroutine " + waiter.number + " waits in " +
                                  waiter.frames.front().text() + " for the mutex " +
                                  crossing.held.lock + ", which goroutine " + holder.number +
                                  " has held since " + place_of(crossing.held);
    if (const auto& other = crossing.held_by_it) {
        finding.strength = 92;
        finding.confidence = Confidence::sure;
        finding.what = "Requests to " + finding.service + " are stuck in a deadlock: " + beginning +
                       "; that one waits in " + holder.frames.front().text() + " for " +
                       other->lock + ", which the first has held since " + place_of(*other) + ".";
        finding.fix =
            "take " + crossing.held.lock + " and " + other->lock + " in the same order everywhere";
        return;
    }
    finding.id = "lock-held";
    finding.strength = 90;
    finding.what = finding.service + " hangs at a lock: " + beginning + ", and " +
                   describe_wait(holder) + " meanwhile in " + holder.frames.front().text() + "; " +
                   goroutines_wait(count_all(stuck)) + " for a lock.";
    finding.evidence.push_back("goroutine " + holder.number + " [" + holder.state + "] waits in " +
                               holder.path());
    finding.fix = "do not wait for others while " + crossing.held.lock + " is held (" +
                  place_of(crossing.held) + ")";
}

/// `all` are those that wait, for whatever.
Finding tell_stuck(const ServiceFact& service,
                   const std::vector<Goroutine>& stuck,
                   const std::vector<Goroutine>& all,
                   const Picture& picture) {
    Finding finding;
    finding.id = "deadlock";
    finding.service = service.name;
    finding.topic = "hang";
    finding.strength = 88;
    for (const Goroutine& it : stuck) {
        constexpr std::size_t evidence_max = 4;
        if (finding.evidence.size() == evidence_max) break;
        const std::string who =
            it.count == 1 ? "goroutine " + it.number : std::to_string(it.count) + " goroutines";
        finding.evidence.push_back(who + " [" + it.state + "] " +
                                   (it.count == 1 ? "waits" : "wait") + " in " + it.path());
    }
    const Goroutine& deepest = find_deepest(stuck);
    const GoFrame& inner = deepest.frames.front();
    if (const Goroutine* taker = find_taker(stuck, picture)) {
        tell_taken_twice(*taker, *find_taking(*taker, picture), stuck, finding);
    } else if (const auto crossing = find_crossing(stuck, all, picture)) {
        tell_crossing(*crossing, stuck, finding);
    } else {
        const bool is_proven = takes_again(deepest, stuck);
        finding.what =
            "Requests to " + service.name + " " + describe_stuck(deepest, stuck, is_proven);
        finding.confidence = is_proven ? Confidence::sure : Confidence::probable;
        finding.fix = is_proven ? "do not take a lock in what is called while it is held (" +
                                      inner.text() + ")"
                                : "see whether all that take it give it up on every way out "
                                  "(defer …Unlock()), and what they call while they hold it (" +
                                      inner.text() + ")";
    }
    finding.fix += "; devstack restart " + service.name + " for now";
    return finding;
}

std::string text_of_log(const std::string& service, const Picture& picture) {
    std::string text;
    for (const LogFact& log : picture.facts().logs) {
        if (log.service != service) continue;
        for (const LineFact& line : log.lines)
            text += line.text + "\n";
    }
    return text;
}

/// All that wait, and those that wait for a lock for ever.
struct Waits {
    std::vector<Goroutine> all;
    std::vector<Goroutine> stuck;
};

/// Of a dump in its log, which a hanging program was asked for. That others wait too tells a lock
/// that nobody gives up from one that was just taken.
Waits stuck_in_log(const ServiceFact& service, const Picture& picture) {
    Waits waits{parse_goroutines(text_of_log(service.name, picture)), {}};
    for (const Goroutine& it : waits.all) {
        if (it.waits_for_lock() && !it.frames.empty()) waits.stuck.push_back(it);
    }
    const bool is_long = std::ranges::any_of(
        waits.stuck, [](const Goroutine& it) { return contains(it.state, "minute"); });
    const bool is_told =
        !waits.stuck.empty() && (is_long || takes_again(find_deepest(waits.stuck), waits.stuck) ||
                                 find_taker(waits.stuck, picture) != nullptr);
    if (!is_told) waits.stuck.clear();
    return waits;
}

Waits stuck_by_profiler(const ServiceFact& service, const Picture& picture) {
    const DialFact* const dump = picture.dial("dump of " + service.name);
    const DialFact* const second = picture.dial("second dump of " + service.name);
    if (dump == nullptr || second == nullptr || second->status != 200) return {};
    Waits waits{parse_goroutines(second->body), {}};
    waits.stuck = find_stuck(parse_goroutines(dump->body), waits.all);
    return waits;
}

/// They were looked at twice when they were read. Where nobody suffers only what is certain counts.
Waits stuck_in_memory(const ServiceFact& service, const Picture& picture) {
    Waits waits;
    const bool is_felt = suffers(service, picture);
    for (const ProcessFact* process : picture.processes_of(service.name)) {
        waits.all = goroutines_of(*process, picture);
        for (const Goroutine& it : waits.all) {
            if (it.waits_for_lock() && !it.frames.empty()) waits.stuck.push_back(it);
        }
        const auto crossing =
            is_felt ? std::nullopt : find_crossing(waits.stuck, waits.all, picture);
        const bool is_told = is_felt || find_taker(waits.stuck, picture) != nullptr ||
                             (crossing && crossing->held_by_it);
        if (!is_told) waits.stuck.clear();
        if (!waits.stuck.empty()) break;
    }
    return waits;
}

}  // namespace

void find_stuck_goroutines(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        Waits waits = stuck_by_profiler(service, picture);
        if (waits.stuck.empty()) waits = stuck_in_memory(service, picture);
        const bool may_have_dump = waits.stuck.empty() && !picture.is_well(service);
        if (may_have_dump) waits = stuck_in_log(service, picture);
        if (waits.stuck.empty()) continue;
        findings.push_back(tell_stuck(service, waits.stuck, waits.all, picture));
    }
}

}  // namespace devstack::core::doctor
