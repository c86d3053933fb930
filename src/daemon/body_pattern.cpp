// libstdc++ matches by default with one stack frame or more for each character, so that a body of
// some ten thousand characters overflows the stack, and may take exponential time. Its other
// matcher, chosen by __polynomial, follows all ways at once. std::regex_search would start it anew
// at every character, which makes the time quadratic: instead "anything" is put before the pattern,
// and it is started once. Everything of std::regex that throws is fenced here.

#include "body_pattern.hpp"

#include "devstack/core/logs/line_pattern.hpp"

#include <regex>
#include <utility>

namespace devstack::daemon {

struct BodyPattern::Compiled {
    std::regex regex;
};

BodyPattern::BodyPattern(std::unique_ptr<Compiled> compiled) : compiled_{std::move(compiled)} {}
BodyPattern::BodyPattern(BodyPattern&&) noexcept = default;
BodyPattern& BodyPattern::operator=(BodyPattern&&) noexcept = default;
BodyPattern::~BodyPattern() = default;

Result<BodyPattern> BodyPattern::parse(const std::string& expression) {
    // Knows the limits of std::regex, and says what is wrong in better words.
    if (auto checked = core::LinePattern::parse(expression); !checked) {
        return std::move(checked).error();
    }
    constexpr auto flags =
        std::regex::ECMAScript | std::regex::nosubs | std::regex_constants::__polynomial;
    try {
        const std::string anywhere = "[\\s\\S]*?(?:" + expression + ")";
        return BodyPattern{std::make_unique<Compiled>(Compiled{std::regex{anywhere, flags}})};
    } catch (const std::regex_error& failure) {
        return Error{Error::Kind::invalid,
                     "cannot use the pattern \"" + expression + "\": " + failure.what()};
    }
}

Result<bool> BodyPattern::is_found_in(std::string_view text) const {
    try {
        return std::regex_search(
            text.begin(), text.end(), compiled_->regex, std::regex_constants::match_continuous);
    } catch (const std::regex_error& failure) {
        return Error{Error::Kind::system,
                     std::string{"the pattern cannot be searched for: "} + failure.what()};
    }
}

}  // namespace devstack::daemon
