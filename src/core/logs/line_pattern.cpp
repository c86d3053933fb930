#include "devstack/core/logs/line_pattern.hpp"

#include "devstack/base/text.hpp"
#include "devstack/core/limits.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <optional>
#include <utility>

#include <re2/re2.h>

// RE2 looks at every byte once, but does so with an automaton. What finds a plain text is faster:
// most lines are passed without that text, which every match contains, and never seen by RE2.

namespace devstack::core {

namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

Error invalid(const std::string& pattern, const std::string& why) {
    return {Error::Kind::invalid, "cannot search for the pattern \"" + pattern + "\": " + why};
}

std::string explain(const re2::RE2& regex) {
    const std::string& at = regex.error_arg();
    switch (regex.error_code()) {
        case re2::RE2::ErrorBadEscape:
            return at.size() > 1 && std::isdigit(static_cast<unsigned char>(at[1])) != 0
                       ? "back-references are not supported"
                       : "a \\ is followed by something unknown";
        case re2::RE2::ErrorTrailingBackslash: return "a \\ is followed by nothing";
        case re2::RE2::ErrorMissingBracket: return "a [ has no ]";
        case re2::RE2::ErrorMissingParen:
        case re2::RE2::ErrorUnexpectedParen: return "a ( has no ), or a ) has no (";
        case re2::RE2::ErrorBadCharRange: return at + " is no range of characters";
        case re2::RE2::ErrorBadCharClass: return at + " is no class of characters";
        case re2::RE2::ErrorRepeatArgument: return "there is nothing to repeat before *, +, ? or {";
        case re2::RE2::ErrorRepeatOp: return "what is repeated is repeated already: " + at;
        case re2::RE2::ErrorRepeatSize: return "it repeats more than 1000 times: " + at;
        case re2::RE2::ErrorBadPerlOp: return at + " is not supported";
        case re2::RE2::ErrorBadUTF8: return "it is not UTF-8";
        case re2::RE2::ErrorPatternTooLarge: return "it is too large";
        case re2::RE2::ErrorBadNamedCapture: return "bad name of a group: " + at;
        case re2::RE2::NoError:
        case re2::RE2::ErrorInternal: break;
    }
    return regex.error();
}

re2::RE2::Options quiet() {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_never_capture(true);
    return options;
}

bool is_utf8(std::string_view text) {
    return valid_utf8_length(text) == text.size();
}

/// The first offset of the needle, or the size of the text.
std::size_t find_text(std::string_view text, std::string_view needle) {
    if (needle.empty()) return 0;
    if (text.size() < needle.size()) return text.size();
    const void* const found = ::memmem(text.data(), text.size(), needle.data(), needle.size());
    if (found == nullptr) return text.size();
    return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

std::size_t find_character(std::string_view text, char c) {
    return std::min(text.find(c), text.size());
}

std::string replace_invalid(std::string_view text) {
    std::string valid;
    while (true) {
        const std::size_t length = valid_utf8_length(text);
        valid += text.substr(0, length);
        if (length == text.size()) return valid;
        valid += replacement_character;
        text.remove_prefix(length + 1);
    }
}

/// True for a pattern that means the same of a line among others, with ^ and $ at line ends.
bool may_see_other_lines(std::string_view pattern) {
    return pattern.find("(?") == pattern.npos && pattern.find("\\A") == pattern.npos &&
           pattern.find("\\z") == pattern.npos;
}

}  // namespace

struct LinePattern::Regex {
    Regex(const std::string& pattern, bool sees_other_lines) : of_line{pattern, quiet()} {
        if (sees_other_lines && of_line.ok()) among_lines.emplace("(?m)" + pattern, quiet());
    }

    re2::RE2 of_line;
    std::optional<re2::RE2> among_lines;
};

LinePattern::LinePattern() = default;
LinePattern::LinePattern(LinePattern&&) noexcept = default;
LinePattern& LinePattern::operator=(LinePattern&&) noexcept = default;
LinePattern::~LinePattern() = default;

Result<LinePattern> LinePattern::parse(const std::string& pattern) {
    if (pattern.size() > limits::pattern_size_max) {
        return invalid(pattern.substr(0, 80), "it is too large");
    }
    const RequiredText required = find_required_text(pattern);
    // What is no UTF-8 in a line is seen as this.
    const bool is_searchable = required.text.find(replacement_character) == std::string::npos;
    LinePattern made;
    if (is_searchable && is_utf8(pattern)) made.literal_ = required.text;
    if (pattern.empty() || (required.is_whole && !made.literal_.empty())) return made;
    made.regex_ =
        std::make_unique<Regex>(pattern, made.literal_.empty() && may_see_other_lines(pattern));
    if (!made.regex_->of_line.ok()) return invalid(pattern, explain(made.regex_->of_line));
    return made;
}

bool LinePattern::matches(std::string_view line, Ends ends) const {
    if (is_empty()) return true;
    const bool is_plain = line.find_first_of("\x1b\r") == std::string_view::npos;
    return is_plain ? is_found_in(line, ends) : is_found_in(sane_text(line), ends);
}

bool LinePattern::is_found_in(std::string_view text, Ends ends) const {
    if (find_text(text, literal_) == text.size() && !literal_.empty()) return false;
    if (!regex_) return true;
    return is_utf8(text) ? is_found_by_regex(text, ends)
                         : is_found_by_regex(replace_invalid(text), ends);
}

bool LinePattern::is_found_by_regex(std::string_view line, Ends ends) const {
    if (ends.has_begin && ends.has_end) return re2::RE2::PartialMatch(line, regex_->of_line);
    // An end is none for RE2 if it sees that the text goes on there.
    const std::string_view before = ends.has_begin ? "" : "\n";
    const std::string_view behind = ends.has_end ? "" : "\n";
    const std::string around = std::string{before} + std::string{line} + std::string{behind};
    return regex_->of_line.Match(
        around, before.size(), around.size() - behind.size(), re2::RE2::UNANCHORED, nullptr, 0);
}

std::size_t LinePattern::find_candidate(std::string_view text) const {
    std::size_t found = text.size();
    if (!literal_.empty()) {
        found = find_text(text, literal_);
    } else if (regex_ && regex_->among_lines) {
        found = valid_utf8_length(text);
        re2::StringPiece match;
        if (regex_->among_lines->Match(text, 0, found, re2::RE2::UNANCHORED, &match, 1))
            found = static_cast<std::size_t>(match.data() - text.data());
    } else {
        return 0;
    }
    found = find_character(text.substr(0, found), '\x1b');
    return find_character(text.substr(0, found), '\r');
}

std::optional<LinePattern::Match> LinePattern::find(std::string_view line, std::size_t from) const {
    if (is_empty() || from >= line.size()) return std::nullopt;
    if (!regex_) {
        const std::size_t at = line.find(literal_, from);
        if (at == std::string_view::npos) return std::nullopt;
        return Match{at, literal_.size()};
    }
    for (re2::StringPiece found; from < line.size();
         from = static_cast<std::size_t>(found.data() - line.data()) + 1) {
        const bool is_found =
            regex_->of_line.Match(line, from, line.size(), re2::RE2::UNANCHORED, &found, 1);
        if (!is_found) return std::nullopt;
        if (!found.empty())
            return Match{static_cast<std::size_t>(found.data() - line.data()), found.size()};
    }
    return std::nullopt;
}

}  // namespace devstack::core
