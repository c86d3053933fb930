// What the lines before and after one in a log tell of it: that it is said again and again, that it
// is over.

#include "core/doctor/log_course.hpp"

#include <algorithm>
#include <cmath>
#include <regex>
#include <span>

namespace devstack::core::doctor {

namespace {

std::span<const LineFact> lines_after(const LineFact& line, const LogFact& log) {
    const auto at = static_cast<std::size_t>(&line - log.lines.data());
    return std::span{log.lines}.subspan(at + 1);
}

bool is_followed_by(const std::regex& pattern, const LineFact& line, const LogFact& log) {
    return std::ranges::any_of(lines_after(line, log), [&](const LineFact& it) {
        return std::regex_search(it.text, pattern);
    });
}

/// It is let in by now.
bool has_logged_in(const LineFact& line, const LogFact& log) {
    static const std::regex success{R"(\b[Cc]onnected\b)"};
    static const std::regex failure{
        R"([Rr]efused|\b[Nn]ot |[Ff]ail|[Ee]rror|rc:? ?[1-9]|result code (?!0|Success))"};
    return std::ranges::any_of(lines_after(line, log), [&](const LineFact& it) {
        return std::regex_search(it.text, success) && !std::regex_search(it.text, failure);
    });
}

/// A client of this project says itself that it is not let in.
bool is_told_by_client(const ServiceFact& broker, const Picture& picture) {
    return std::ranges::any_of(picture.facts().logs, [&](const LogFact& log) {
        if (log.service == broker.name) return false;
        return std::ranges::any_of(log.lines, [](const LineFact& it) {
            return contains_word(it.text, "not authori") ||
                   contains_word(it.text, "authorization violation") ||
                   contains_word(it.text, "bad user") || contains_word(it.text, "bad username");
        });
    });
}

}  // namespace

bool is_said_again(const LogKnowledge& known, const LineFact& line, const Reading& reading) {
    constexpr double recent_seconds = 30;
    constexpr double one_event_seconds = 0.2;
    const std::string& now = reading.picture.facts().time;
    const auto is_recent = [&](const LineFact& it) {
        return std::abs(seconds_between(it.time, now)) <= recent_seconds;
    };
    if (!known.is_repeated || !is_recent(line)) return false;
    return std::ranges::any_of(reading.log.lines, [&](const LineFact& it) {
        return contains(it.text, known.part) && is_recent(it) &&
               std::abs(seconds_between(it.time, line.time)) > one_event_seconds;
    });
}

bool is_state(const LogKnowledge& known) {
    return known.id == "broker-blocks-publishers" && contains(known.part, " set");
}

bool is_taken_back(const LogKnowledge& known, const LineFact& line, const Reading& reading) {
    const LogFact& log = reading.log;
    if (is_state(known)) {
        static const std::regex cleared{R"(resource limit alarm cleared|watermark clear)"};
        // Who does not publish now does not care.
        return !reading.picture.is_suspect(reading.service) || is_followed_by(cleared, line, log);
    }
    if (known.id == "import-unresolved") {
        static const std::regex compiled{
            R"(compiled successfully|compiled with \d+ warning|Compiled in |hmr update|page reload|\[200\] |\[watch\] )"};
        return is_followed_by(compiled, line, log);
    }
    if (known.id == "broker-login-refused") return has_logged_in(line, log);
    if (known.id == "broker-refuses-clients") {
        return is_told_by_client(reading.service, reading.picture);
    }
    return false;
}

}  // namespace devstack::core::doctor
