#include "devstack/core/logs/line_pattern.hpp"

#include "devstack/base/text.hpp"
#include "devstack/core/limits.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <regex>
#include <utility>

namespace devstack::core {

namespace {

/// About how many states the pattern makes: its length, times all counts in {…} that repeat it.
std::size_t estimate_states(std::string_view pattern) {
    std::size_t states = pattern.size();
    for (auto at = pattern.find('{'); at != pattern.npos; at = pattern.find('{', at + 1)) {
        const std::size_t close = std::min(pattern.find('}', at), pattern.size());
        std::size_t highest = 1;
        while (++at < close) {
            std::size_t count = 1;
            const auto end = std::from_chars(&pattern[at], pattern.data() + close, count);
            if (end.ec != std::errc{})
                count = end.ec == std::errc::invalid_argument ? 1 : 1'000'000;
            highest = std::max(highest, count);
        }
        states = std::min<std::size_t>(states * std::max<std::size_t>(highest, 1), 1'000'000);
        at = std::min(close, pattern.size() - 1);
    }
    return states;
}

Error invalid(const std::string& pattern, const std::string& why) {
    return {Error::Kind::invalid, "cannot search for the pattern \"" + pattern + "\": " + why};
}

std::string explain(const std::string& pattern, const std::regex_error& error) {
    // libstdc++ says "parenthesis" of whatever it does not expect.
    if (error.code() == std::regex_constants::error_paren &&
        pattern.find_first_of("()") == std::string::npos) {
        return "there is nothing to repeat before *, +, ? or {";
    }
    switch (error.code()) {
        case std::regex_constants::error_brack: return "a [ has no ]";
        case std::regex_constants::error_paren: return "a ( has no ), or a ) has no (";
        case std::regex_constants::error_brace: return "a { has no }";
        case std::regex_constants::error_badbrace: return "what is between { and } is not a count";
        case std::regex_constants::error_range: return "a range between [ and ] goes backwards";
        case std::regex_constants::error_escape: return "a \\ is followed by something unknown";
        case std::regex_constants::error_badrepeat:
            return "there is nothing to repeat before *, +, ? or {";
        case std::regex_constants::error_ctype: return "unknown character class";
        case std::regex_constants::error_complexity: return "back-references are not supported";
        case std::regex_constants::error_space: return "it is too large";
        default: return "it is not a regular expression";
    }
}

}  // namespace

// The only user of <regex>, which throws. In its default mode libstdc++ backtracks: exponential
// time for some patterns, and a stack overflow for long lines. Its polynomial mode does neither.
struct LinePattern::Regex {
    std::regex regex;
};

LinePattern::LinePattern() = default;
LinePattern::LinePattern(LinePattern&&) noexcept = default;
LinePattern& LinePattern::operator=(LinePattern&&) noexcept = default;
LinePattern::~LinePattern() = default;

Result<LinePattern> LinePattern::parse(const std::string& pattern) {
    // What the recursion inside std::regex needs grows with the number of states.
    if (estimate_states(pattern) > limits::pattern_states_max) {
        return invalid(pattern.substr(0, 80), "it is too large");
    }
    const RequiredText required = find_required_text(pattern);
    LinePattern made;
    made.literal_ = required.text;
    if (required.is_whole) return made;
    try {
        made.regex_ = std::make_unique<Regex>(Regex{std::regex{
            pattern,
            std::regex::ECMAScript | std::regex::optimize | std::regex_constants::__polynomial}});
    } catch (const std::regex_error& error) {
        return invalid(pattern, explain(pattern, error));
    }
    return made;
}

bool LinePattern::matches(std::string_view line, Ends ends) const {
    if (is_empty()) return true;
    const bool is_plain = line.find_first_of("\x1b\r") == std::string_view::npos;
    return is_plain ? matches_plain(line, ends) : matches_plain(sane_text(line), ends);
}

bool LinePattern::matches_plain(std::string_view line, Ends ends) const {
    if (line.find(literal_) == std::string_view::npos) return false;
    if (!regex_) return true;
    namespace flags = std::regex_constants;
    auto cut = flags::match_default;
    if (!ends.has_begin) cut |= flags::match_not_bol;
    if (!ends.has_end) cut |= flags::match_not_eol;
    try {
        return std::regex_search(line.begin(), line.end(), regex_->regex, cut);
    } catch (const std::regex_error&) {
        return false;
    }
}

std::optional<LinePattern::Match> LinePattern::find(std::string_view line, std::size_t from) const {
    if (is_empty() || from >= line.size()) return std::nullopt;
    if (!regex_) {
        const std::size_t at = line.find(literal_, from);
        if (at == std::string_view::npos) return std::nullopt;
        return Match{at, literal_.size()};
    }
    namespace flags = std::regex_constants;
    const auto look = from == 0 ? flags::match_default : flags::match_prev_avail;
    std::match_results<std::string_view::const_iterator> found;
    const auto begin = line.begin() + static_cast<std::ptrdiff_t>(from);
    try {
        if (!std::regex_search(
                begin, line.end(), found, regex_->regex, look | flags::match_not_null)) {
            return std::nullopt;
        }
    } catch (const std::regex_error&) {
        return std::nullopt;
    }
    return Match{from + static_cast<std::size_t>(found.position()),
                 static_cast<std::size_t>(found.length())};
}

}  // namespace devstack::core
