#pragma once

#include "devstack/base/result.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace devstack::core {

/// A regular expression in the dialect of RE2 (github.com/google/re2/wiki/Syntax; what nearly all
/// dialects share, without back-references and look-around) that is searched in lines. Safe for any
/// pattern and any line: the time is linear in the line, and nothing is thrown.
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

    /// Lines with colours or carriage returns are matched as a terminal shows them; what is no
    /// UTF-8 counts as U+FFFD.
    bool matches(std::string_view line) const { return matches(line, Ends{}); }
    bool matches(std::string_view part, Ends ends) const;
    /// The same in text that is no line, such as the body of an answer, as it is.
    bool is_found_in(std::string_view text) const { return is_found_in(text, Ends{}); }
    /// Where in a text of many lines, which begins with one, the first that matches may be: none
    /// that ends before this offset does. The text's size when none does at all. Costs a fraction
    /// of taking the lines apart.
    std::size_t find_candidate(std::string_view text) const;
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

    bool is_found_in(std::string_view text, Ends ends) const;
    bool is_found_by_regex(std::string_view text, Ends ends) const;

    std::string literal_;  ///< Every line that matches contains it.
    std::unique_ptr<Regex> regex_;
};

/// The longest text that every match of the `pattern` contains, as far as is plain to
/// see; empty when it is not. `is_whole`: the pattern is that text and nothing else.
struct RequiredText {
    std::string text;
    bool is_whole = false;
};
RequiredText find_required_text(std::string_view pattern);

}  // namespace devstack::core
