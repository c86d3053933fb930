#include "devstack/core/profile/dotenv.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

namespace devstack::core {

namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

bool is_key_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-';
}

bool is_key(std::string_view text) {
    return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
           text.front() != '.' && text.front() != '-' &&
           std::all_of(text.begin(), text.end(), is_key_character);
}

std::string_view trim_right(std::string_view text) {
    const auto last = text.find_last_not_of(" \t\r");
    return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

/// Doubles the dollars that are meant as such: all if `is_raw`, else those before no `{`.
std::string protect_dollars(std::string_view text, bool is_raw) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        result += text[i];
        const bool is_reference = !is_raw && i + 1 < text.size() && text[i + 1] == '{';
        if (text[i] == '$' && !is_reference) result += '$';
    }
    return result;
}

struct QuotedValue {
    std::string value;
    std::size_t end = 0;  ///< Offset behind the closing quote.
};

class DotenvParser {
public:
    explicit DotenvParser(const SourceFile& file) : file_{file}, text_{file.text()} {}

    Dotenv parse() {
        while (at_ < text_.size()) {
            parse_line();
        }
        return std::move(result_);
    }

private:
    void parse_line() {
        const std::size_t end = std::min(text_.find('\n', at_), text_.size());
        skip_blanks(end);
        const bool has_content = at_ < end && text_[at_] != '#' && text_[at_] != '\r';
        const std::size_t next = has_content ? parse_assignment(end) : end;
        advance_to(std::min(next + 1, text_.size()));
    }

    /// Returns the offset of the line end where parsing goes on.
    std::size_t parse_assignment(std::size_t end) {
        const std::size_t start = at_;
        const std::string_view rest = text_.substr(at_, end - at_);
        if (rest.starts_with("export") && rest.size() > 6 && is_blank(rest[6])) {
            at_ += 6;
            skip_blanks(end);
        }
        // Not beyond the line: a large file that is no env file has many without.
        const std::size_t equals = text_.substr(0, end).find('=', at_);
        if (equals == std::string_view::npos) {
            report("bad-env-line", place_of(start), "expected NAME=value", "");
            return end;
        }
        const std::string_view key = trim_right(text_.substr(at_, equals - at_));
        if (!is_key(key)) {
            report("bad-env-line",
                   place_of(at_),
                   "what is before the `=` is not the name of a variable",
                   "use letters from a to z, digits and `_`, and no digit in front");
            return end;
        }
        const SourceText name{std::string{key}, place_of(at_)};
        at_ = equals + 1;
        return parse_value(name, end);
    }

    std::size_t parse_value(const SourceText& name, std::size_t end) {
        const std::size_t behind_equals = at_;
        skip_blanks(end);
        const bool is_quoted = at_ < end && (text_[at_] == '"' || text_[at_] == '\'');
        if (is_quoted) return parse_quoted(name, end);

        const Place place = place_of(at_);
        std::string_view value = text_.substr(behind_equals, end - behind_equals);
        for (std::size_t i = 1; i < value.size(); ++i) {
            if (value[i] == '#' && is_blank(value[i - 1])) {
                value = value.substr(0, i);
                break;
            }
        }
        value = trim_right(value);
        while (!value.empty() && is_blank(value.front())) {
            value.remove_prefix(1);
        }
        add(name, {protect_dollars(value, false), place});
        return end;
    }

    std::size_t parse_quoted(const SourceText& name, std::size_t end) {
        const Place place = place_of(at_);
        const std::optional<QuotedValue> quoted =
            text_[at_] == '"' ? read_double_quoted() : read_single_quoted();
        if (!quoted) {
            report("unterminated-quote",
                   place,
                   std::string{"the value of `"} + name.text + "` begins with a " + text_[at_] +
                       " that is never closed",
                   "");
            return end;
        }
        const std::size_t last = std::min(text_.find('\n', quoted->end), text_.size());
        std::size_t rest = quoted->end;
        while (rest < last && (is_blank(text_[rest]) || text_[rest] == '\r')) {
            ++rest;
        }
        if (rest < last && text_[rest] != '#') {
            advance_to(rest);
            report("bad-env-line",
                   place_of(rest),
                   "unexpected text behind the value of `" + name.text + "`",
                   "put all of the value between the quotes");
            return last;
        }
        add(name, {quoted->value, place});
        return last;
    }

    std::optional<QuotedValue> read_single_quoted() const {
        const std::size_t close = text_.find('\'', at_ + 1);
        if (close == std::string_view::npos) return std::nullopt;
        return QuotedValue{protect_dollars(text_.substr(at_ + 1, close - at_ - 1), true),
                           close + 1};
    }

    std::optional<QuotedValue> read_double_quoted() const {
        std::string value;
        for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
            const char c = text_[i];
            const char next = i + 1 < text_.size() ? text_[i + 1] : '\0';
            if (c == '"') return QuotedValue{std::move(value), i + 1};
            if (c == '\\') {
                value += unescape(next);
                ++i;
            } else if (c == '$' && next != '{') {
                value += "$$";
            } else if (c != '\r' || next != '\n') {
                value += c;
            }
        }
        return std::nullopt;
    }

    static std::string unescape(char c) {
        switch (c) {
            case 'n': return "\n";
            case 'r': return "\r";
            case 't': return "\t";
            case '"': return "\"";
            case '\\': return "\\";
            case '$': return "$$";
            default: return std::string{'\\'} + c;
        }
    }

    void add(const SourceText& name, SourceText value) {
        if (value.text.find('\0') != std::string::npos) {
            return report(
                "bad-character", value.place, "the value of `" + name.text + "` contains NUL", "");
        }
        result_.entries.push_back({name, std::move(value)});
    }

    void report(std::string code, Place place, std::string message, std::string hint) {
        Diagnostic diagnostic =
            file_.error(std::move(code), place, std::move(message), std::move(hint));
        diagnostic.line_text.clear();
        result_.diagnostics.push_back(std::move(diagnostic));
    }

    void skip_blanks(std::size_t end) {
        while (at_ < end && is_blank(text_[at_])) {
            ++at_;
        }
    }

    /// Offsets only grow, so lines are counted once.
    Place place_of(std::size_t offset) {
        while (counted_ < offset && counted_ < text_.size()) {
            if (text_[counted_] == '\n') {
                ++line_;
                line_start_ = counted_ + 1;
            }
            ++counted_;
        }
        const std::string_view before = text_.substr(line_start_, offset - line_start_);
        const auto characters = std::count_if(before.begin(), before.end(), [](char c) {
            return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
        });
        return {line_, static_cast<int>(characters) + 1};
    }

    void advance_to(std::size_t offset) { at_ = offset; }

    const SourceFile& file_;
    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t counted_ = 0;
    std::size_t line_start_ = 0;
    int line_ = 1;
    Dotenv result_;
};

}  // namespace

Dotenv parse_dotenv(const SourceFile& file) {
    return DotenvParser{file}.parse();
}

}  // namespace devstack::core
