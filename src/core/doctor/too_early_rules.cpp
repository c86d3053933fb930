// Failures that leave everything running: a service that was started before what it needs and goes
// on without it; a worker whose work fails again and again.

#include "devstack/base/text.hpp"

#include "core/doctor/failed_requests.hpp"
#include "core/doctor/picture.hpp"

#include <algorithm>
#include <cctype>
#include <regex>

namespace devstack::core::doctor {

namespace {

// ---- Started too early -------------------------------------------------------------------------

bool tells_refusal(const std::string& line) {
    return contains_word(line, "connection refused") || contains(line, "ConnectionRefused") ||
           contains(line, "ECONNREFUSED") || contains(line, "ConnectException") ||
           contains(line, "EAI_AGAIN");
}

/// The last refusal, if it is of the first seconds of its run.
const LineFact* find_refusal_at_start(const ServiceFact& service, const Picture& picture) {
    constexpr double start_seconds = 10;
    const LineFact* const line = picture.find_line(service.name, tells_refusal);
    if (line == nullptr) return nullptr;
    const double age = picture.seconds_since(line->time);
    const double after = service.uptime_seconds - age;
    return age > 1 && after >= -1 && after <= start_seconds ? line : nullptr;
}

/// It counts as ready before it listens: nothing tells devstack when it does.
bool is_unwatched(const NeedFact& need, const ServiceFact& service) {
    return need.condition == "started" || (service.ports.empty() && service.probe.empty());
}

void look_at_order(const ServiceFact& service,
                   const Picture& picture,
                   std::vector<Finding>& findings) {
    const LineFact* const line = find_refusal_at_start(service, picture);
    if (line == nullptr) return;
    for (const NeedFact& need : service.needs) {
        const ServiceFact* const needed = picture.service(need.service);
        if (needed == nullptr || needed->kind == "task" || !picture.is_alive(*needed)) continue;
        const auto listeners = picture.listeners_of(needed->name);
        if (listeners.empty() || !is_unwatched(need, *needed)) continue;
        const std::string port = std::to_string(listeners.front()->port);
        Finding finding;
        finding.id = "started-too-early";
        finding.service = service.name;
        finding.topic = "start order";
        finding.strength = 66;
        finding.what = service.name + " was started before " + needed->name +
                       " listened, was refused, and goes on without it: " + needed->name +
                       declared_at(*needed) +
                       (need.condition == "started"
                            ? " is only waited for until it is started."
                            : " has no port and no health check, so it counts as ready as soon as "
                              "it is started.");
        finding.evidence = {render_line(service.name, *line),
                            needed->name + " listens by now: " + describe(*listeners.front())};
        finding.fix = (need.condition == "started"
                           ? "let " + service.name + " wait until " + needed->name + " is ready"
                           : "port = " + port + " for " + needed->name + declared_at(*needed) +
                                 ", so that it is ready once it listens") +
                      "; devstack restart " + service.name + " for now";
        findings.push_back(std::move(finding));
        return;
    }
}

void look_at_orders(const Picture& picture, std::vector<Finding>& findings) {
    constexpr int server_error = 500;
    const DialFact* const asked = picture.dial("asked");
    for (const ServiceFact& service : picture.facts().services) {
        const DialFact* const probe = picture.probe(service);
        const bool is_asked = asked != nullptr && asked->status >= server_error &&
                              picture.server_of(*asked) == &service;
        const bool is_probed = probe != nullptr && probe->status >= server_error;
        if (picture.is_alive(service) && (is_asked || is_probed)) {
            look_at_order(service, picture, findings);
        }
    }
}

// ---- Work that fails again and again -----------------------------------------------------------

/// Numbers differ from one time to the next.
std::string without_numbers(const std::string& text) {
    static const std::regex numbers{R"re(\d+)re"};
    return std::regex_replace(text, numbers, "0");
}

bool tells_failure(const std::string& line) {
    // What is counted, and is none; what only informs.
    static const std::regex harmless{
        R"re(\b(?:0|no|without) (?:errors?|failures?|failed)|(?:errors?|failures?|failed)["']?\s*[=:]\s*["']?(?:0|null|none|false)\b|\b(?:info|debug|trace|notice|warn(?:ing)?)\b|retry|will try|\bignor(?:ed|ing)\b)re",
        std::regex::icase};
    static const std::regex failure{
        R"re(\b(?:error|failed|failure|fatal|refused|denied|exception|traceback|cannot|can't|could not|unable to|not found)\b)re",
        std::regex::icase};
    return std::regex_search(line, failure) && !std::regex_search(line, harmless);
}

bool tells_success(const std::string& line) {
    static const std::regex success{
        R"re(\b(?:ok|success(?:ful(?:ly)?)?|succeeded|done|completed?|finished|processed|sent|saved|written|handled|delivered|200)\b)re",
        std::regex::icase};
    return std::regex_search(line, success) && !tells_failure(line);
}

/// Else it may as well have done what it should, in words of its own.
bool is_mostly_failing(const LogFact& log) {
    std::size_t failing = 0;
    std::size_t other = 0;
    for (const LineFact& it : log.lines) {
        const std::string& text = it.text;
        const bool is_frame = text.empty() || text.starts_with(' ') || text.starts_with('\t') ||
                              text.starts_with("Traceback");
        if (!is_frame) ++(tells_failure(text) ? failing : other);
    }
    return failing >= other;
}

struct Repeated {
    const LineFact* last = nullptr;
    std::size_t count = 0;
    double span = 0;
};

/// The first kind of line that says so three times, from one time to the next, until now.
Repeated find_repeated(const LogFact& log, const Picture& picture) {
    constexpr std::size_t count_min = 3;
    constexpr double pause_min = 0.3;
    for (const LineFact& first : log.lines) {
        if (!tells_failure(first.text) || says_it_goes_on(first.text)) continue;
        const std::string kind = without_numbers(first.text);
        Repeated repeated;
        const LineFact* before = nullptr;
        for (const LineFact& it : log.lines) {
            if (without_numbers(it.text) != kind) continue;
            if (before != nullptr && seconds_between(before->time, it.time) < pause_min) continue;
            if (before == nullptr) repeated.span = picture.seconds_since(it.time);
            ++repeated.count;
            repeated.last = before = &it;
        }
        if (repeated.count < count_min) continue;
        const double age = picture.seconds_since(repeated.last->time);
        const double pause = (repeated.span - age) / static_cast<double>(repeated.count - 1);
        if (age <= pause * 2.5 + 1) return repeated;
    }
    return {};
}

/// Somebody of this project whose log has that status as often.
void add_other_side(const LineFact& line, const Picture& picture, Finding& finding) {
    static const std::regex status{R"re(\b([45]\d\d)\b)re"};
    std::smatch found;
    if (!std::regex_search(line.text, found, status)) return;
    for (const LogFact& log : picture.facts().logs) {
        if (log.service == finding.service || log.service.empty()) continue;
        const LineFact* const other = picture.find_line(log.service, [&](const std::string& it) {
            return contains(it, found[1].str()) && contains(it, "/");
        });
        if (other == nullptr) continue;
        finding.evidence.push_back(render_line(log.service, *other));
        return;
    }
}

void look_at_work(const LogFact& log, const Picture& picture, std::vector<Finding>& findings) {
    const ServiceFact* const service = picture.service(log.service);
    // Who serves others is asked; what it says of them is their trouble as a rule.
    const bool is_worker = service != nullptr && service->ports.empty() && service->probe.empty() &&
                           picture.is_alive(*service) &&
                           picture.listeners_of(service->name).empty();
    if (!is_worker || !is_mostly_failing(log) ||
        std::ranges::any_of(log.lines, [](const LineFact& it) { return tells_success(it.text); })) {
        return;
    }
    const Repeated repeated = find_repeated(log, picture);
    if (repeated.last == nullptr) return;
    std::string said = repeated.last->text;
    Finding finding;
    finding.id = "work-fails-again-and-again";
    finding.service = service->name;
    finding.topic = "work";
    finding.strength = 56;
    finding.what = service->name + " runs, and its work fails again and again, " +
                   std::to_string(repeated.count) + " times within " + seconds_text(repeated.span) +
                   ": " + shorten(std::move(said), 160) + ".";
    finding.evidence = {render_line(service->name, *repeated.last)};
    add_other_side(*repeated.last, picture, finding);
    finding.fix =
        "correct what it asks for or where it asks; nothing restarts it, since it does "
        "not end: let it end with a status other than 0, or give it a health check";
    findings.push_back(std::move(finding));
}

}  // namespace

void find_quiet_failures(const Picture& picture, std::vector<Finding>& findings) {
    look_at_orders(picture, findings);
    const bool is_explained = std::ranges::any_of(findings, [](const Finding& it) {
        return it.confidence != Confidence::doubtful && !it.is_minor;
    });
    if (is_explained) return;
    for (const LogFact& log : picture.facts().logs)
        look_at_work(log, picture, findings);
}

}  // namespace devstack::core::doctor
