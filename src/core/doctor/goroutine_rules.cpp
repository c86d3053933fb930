// Goroutines that wait for a lock for ever: seen twice by the profiler, or in the dump of a program
// that was asked for one because it did not answer.

#include "devstack/base/text.hpp"

#include "core/doctor/goroutines.hpp"
#include "core/doctor/picture.hpp"

#include <algorithm>
#include <optional>
#include <regex>

namespace devstack::core::doctor {

namespace {

std::string render_path(const Goroutine& goroutine) {
    constexpr std::size_t shown_max = 3;
    std::vector<std::string> frames;
    for (const GoFrame& it : goroutine.frames) {
        if (frames.size() < shown_max) frames.push_back(it.text());
    }
    return join(frames, ", called by ");
}

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
    std::string lock;      ///< "tempKeysMux".
    const GoFrame* outer;  ///< In which it is held …
    int line = 0;          ///< … since this line.
};

/// "tempKeysMux" of a line that takes it.
std::string lock_taken_at(const GoFrame& frame, const Picture& picture) {
    static const std::regex taking{R"(([A-Za-z_][\w.\[\]]*)\.R?Lock\(\))"};
    const SourceFact* const source = picture.source(frame.file, frame.line);
    if (source == nullptr) return "";
    const auto line = std::ranges::find(source->lines, frame.line, &SourceLineFact::number);
    std::smatch found;
    const bool is_taken =
        line != source->lines.end() && std::regex_search(line->text, found, taking);
    return is_taken ? found[1].str() : "";
}

/// The line before the call in which the function of `frame` takes the lock, and does not give it
/// up again.
int held_since(const GoFrame& frame, const std::string& lock, const Picture& picture) {
    const SourceFact* const source = picture.source(frame.file, frame.line);
    if (source == nullptr) return 0;
    int since = 0;
    for (const SourceLineFact& line : source->lines) {
        if (line.number >= frame.line) break;
        if (line.text.starts_with("func ")) since = 0;
        const bool is_deferred = contains(line.text, "defer ");
        if (contains(line.text, lock + ".Lock()")) since = line.number;
        if (contains(line.text, lock + ".Unlock()") && !is_deferred) since = 0;
    }
    return since;
}

std::optional<Taking> find_taking(const Goroutine& goroutine, const Picture& picture) {
    const std::string lock = lock_taken_at(goroutine.frames.front(), picture);
    if (lock.empty()) return std::nullopt;
    for (std::size_t i = 1; i < goroutine.frames.size(); ++i) {
        const int since = held_since(goroutine.frames[i], lock, picture);
        if (since != 0) return Taking{lock, &goroutine.frames[i], since};
    }
    return std::nullopt;
}

// ---- The finding -------------------------------------------------------------------------------

/// The one that came deepest: it went through a function that takes the lock first.
const Goroutine& find_deepest(const std::vector<Goroutine>& stuck) {
    return *std::ranges::max_element(
        stuck, {}, [](const Goroutine& it) { return it.frames.size(); });
}

std::string describe_stuck(const Goroutine& deepest,
                           const std::vector<Goroutine>& stuck,
                           bool is_proven) {
    return std::string{"are stuck in "} +
           (is_proven ? "a deadlock: " : "what looks like a deadlock: ") +
           count_of(stuck.size(), "goroutine") + (stuck.size() == 1 ? " waits" : " wait") +
           " for a mutex that nobody gives up, in " + render_path(deepest) + ".";
}

Finding tell_stuck(const ServiceFact& service,
                   const std::vector<Goroutine>& stuck,
                   const Picture& picture) {
    Finding finding;
    finding.id = "deadlock";
    finding.service = service.name;
    finding.topic = "hang";
    finding.strength = 88;
    for (const Goroutine& it : stuck) {
        constexpr std::size_t evidence_max = 4;
        if (finding.evidence.size() == evidence_max) break;
        finding.evidence.push_back("goroutine " + it.number + " [" + it.state + "] waits in " +
                                   render_path(it));
    }
    const Goroutine& deepest = find_deepest(stuck);
    const GoFrame& inner = deepest.frames.front();
    if (const auto taking = find_taking(deepest, picture)) {
        finding.confidence = Confidence::sure;
        finding.strength = 92;
        GoFrame outer = *taking->outer;
        outer.line = taking->line;
        finding.what = "Requests to " + service.name + " are stuck in a deadlock: goroutine " +
                       deepest.number + " waits for the mutex " + taking->lock +
                       ", which it has held since " + outer.text() + ", and takes it again in " +
                       inner.text() + "; " + count_of(stuck.size(), "goroutine") +
                       (stuck.size() == 1 ? " waits" : " wait") + " for it.";
        finding.fix = "do not take " + taking->lock + " in what " + taking->outer->function +
                      " calls while it holds it (" + inner.text() + ")";
    } else {
        const bool is_proven = takes_again(deepest, stuck);
        finding.what =
            "Requests to " + service.name + " " + describe_stuck(deepest, stuck, is_proven);
        finding.confidence = is_proven ? Confidence::sure : Confidence::probable;
        finding.fix =
            "do not take a lock in what is called while it is held (" + inner.text() + ")";
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

/// Of a dump in its log, which a hanging program was asked for. That others wait too tells a lock
/// that nobody gives up from one that was just taken.
std::vector<Goroutine> stuck_in_log(const ServiceFact& service, const Picture& picture) {
    std::vector<Goroutine> stuck;
    for (const Goroutine& it : parse_goroutines(text_of_log(service.name, picture))) {
        if (it.waits_for_lock() && !it.frames.empty()) stuck.push_back(it);
    }
    const bool is_long = std::ranges::any_of(
        stuck, [](const Goroutine& it) { return contains(it.state, "minute"); });
    const bool is_told = !stuck.empty() && (is_long || takes_again(find_deepest(stuck), stuck) ||
                                            find_taking(find_deepest(stuck), picture));
    return is_told ? stuck : std::vector<Goroutine>{};
}

std::vector<Goroutine> stuck_by_profiler(const ServiceFact& service, const Picture& picture) {
    const DialFact* const dump = picture.dial("dump of " + service.name);
    const DialFact* const second = picture.dial("second dump of " + service.name);
    if (dump == nullptr || second == nullptr || second->status != 200) return {};
    return find_stuck(parse_goroutines(dump->body), parse_goroutines(second->body));
}

}  // namespace

void find_stuck_goroutines(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        auto stuck = stuck_by_profiler(service, picture);
        const bool may_have_dump = stuck.empty() && !picture.is_well(service);
        if (may_have_dump) stuck = stuck_in_log(service, picture);
        if (!stuck.empty()) findings.push_back(tell_stuck(service, stuck, picture));
    }
}

}  // namespace devstack::core::doctor
