#pragma once

#include "devstack/base/result.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace devstack::core {

/// A regular expression (ECMAScript, without back-references) that is searched in lines. Safe for
/// any pattern and any line: the time is linear in the line, and nothing is thrown.
class LinePattern {
public:
    /// Matches everything.
    LinePattern();
    LinePattern(LinePattern&&) noexcept;
    LinePattern& operator=(LinePattern&&) noexcept;
    ~LinePattern();

    /// Fails (invalid) with the pattern and what is wrong with it.
    static Result<LinePattern> parse(const std::string& pattern);

    /// Which ends of a part are ends of its line: `^` and `$` match nowhere else.
    struct Ends {
        bool has_begin = true;
        bool has_end = true;
    };

    /// Lines with colours or carriage returns are matched as a terminal shows them.
    bool matches(std::string_view line) const { return matches(line, Ends{}); }
    bool matches(std::string_view part, Ends ends) const;
    /// The first match in a line without colours and carriage returns that begins at `from` or
    /// later, for who wants to show it. Matches of nothing are passed over.
    struct Match {
        std::size_t begin = 0;
        std::size_t size = 0;
    };
    std::optional<Match> find(std::string_view plain_line, std::size_t from = 0) const;
    bool is_empty() const { return literal_.empty() && !regex_; }

private:
    struct Regex;

    bool matches_plain(std::string_view line, Ends ends) const;

    std::string literal_;  ///< Every line that matches contains it.
    std::unique_ptr<Regex> regex_;
};

/// The longest text that every match of the ECMAScript `pattern` contains, as far as is plain to
/// see; empty when it is not. `is_whole`: the pattern is that text and nothing else.
struct RequiredText {
    std::string text;
    bool is_whole = false;
};
RequiredText find_required_text(std::string_view pattern);

}  // namespace devstack::core
