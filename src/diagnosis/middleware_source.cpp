#include "diagnosis/middleware_source.hpp"

#include <algorithm>
#include <cctype>
#include <regex>
#include <string_view>

namespace devstack::diagnosis {

namespace {

bool is_of_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$';
}

bool is_space(char c) {
    return std::isspace(static_cast<unsigned char>(c)) != 0;
}

bool has_word(std::string_view text, std::string_view word) {
    for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        const bool is_part =
            (at > 0 && is_of_word(text[at - 1])) || (end < text.size() && is_of_word(text[end]));
        if (!is_part) return true;
    }
    return false;
}

/// What stands in comments becomes spaces, in strings and regular expressions underlines.
class Blanking {
public:
    explicit Blanking(const std::string& source) : text_{source} {}

    std::string blank() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
            if (c == '/' && next == '/') {
                wipe(find_end("\n", 0), ' ');
            } else if (c == '/' && next == '*') {
                wipe(find_end("*/", 2), ' ');
            } else if (c == '"' || c == '\'' || c == '`') {
                wipe(end_of_quoted(c), '_');
            } else if (c == '/' && begins_expression()) {
                wipe(end_of_quoted(c), '_');
            } else {
                if (!is_space(c)) last_ = c;
                ++at_;
            }
        }
        return std::move(text_);
    }

private:
    std::size_t find_end(const char* end, std::size_t size) const {
        const auto found = text_.find(end, at_ + size);
        return found == text_.npos ? text_.size() : found + size;
    }
    std::size_t end_of_quoted(char quote) const {
        for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
            if (text_[i] == '\\') {
                ++i;
            } else if (text_[i] == quote) {
                return i + 1;
            } else if (text_[i] == '\n' && quote != '`') {
                return i;
            }
        }
        return text_.size();
    }
    /// A slash behind a value divides.
    bool begins_expression() const {
        return last_ == '\0' || std::string_view{"(,=:[!&|?{};"}.find(last_) != std::string::npos;
    }
    void wipe(std::size_t end, char fill) {
        for (; at_ < end; ++at_) {
            if (text_[at_] != '\n') text_[at_] = fill;
        }
        if (fill == '_') last_ = fill;
    }

    std::string text_;
    std::size_t at_ = 0;
    char last_ = '\0';
};

/// Behind the bracket that closes the one at `open`; npos: there is none.
std::size_t find_close(std::string_view text, std::size_t open) {
    int depth = 0;
    for (std::size_t i = open; i < text.size(); ++i) {
        if (std::string_view{"([{"}.find(text[i]) != std::string_view::npos) ++depth;
        if (std::string_view{")]}"}.find(text[i]) == std::string_view::npos) continue;
        if (--depth == 0) return i + 1;
    }
    return text.npos;
}

/// Whether each way through some statements answers or goes on.
class Ways {
public:
    Ways(std::string_view text, std::string response)
        : text_{text}, response_{std::move(response)} {}

    /// The place of the way that does not; npos: there is none.
    std::size_t find_lost(std::size_t begin, std::size_t end) {
        const bool is_covered = follow(begin, end);
        if (lost_ != text_.npos) return lost_;
        if (is_covered) return text_.npos;
        return partial_ != text_.npos ? partial_ : begin;
    }

private:
    bool touches(std::size_t begin, std::size_t end) const {
        const std::string_view part = text_.substr(begin, end - begin);
        return has_word(part, "next") || has_word(part, response_) || has_word(part, "arguments");
    }
    void skip_space(std::size_t& at, std::size_t end) const {
        while (at < end && (is_space(text_[at]) || text_[at] == ';'))
            ++at;
    }
    bool is_word_at(std::size_t at, std::string_view word) const {
        const std::size_t end = at + word.size();
        return text_.substr(at, word.size()) == word &&
               (end >= text_.size() || !is_of_word(text_[end]));
    }
    /// A statement ends at a semicolon, or at the end of a line that does not go on.
    std::size_t end_of_plain(std::size_t at, std::size_t end) const {
        while (at < end) {
            const char c = text_[at];
            if (c == ';') return at + 1;
            if (c == '(' || c == '[' || c == '{') {
                at = std::min(find_close(text_, at), end);
                continue;
            }
            if (c == '\n' && !goes_on(at, end)) return at + 1;
            ++at;
        }
        return end;
    }
    bool goes_on(std::size_t line_end, std::size_t end) const {
        std::size_t before = line_end;
        while (before > 0 && is_space(text_[before - 1]))
            --before;
        std::size_t after = line_end;
        while (after < end && is_space(text_[after]))
            ++after;
        constexpr std::string_view joins = ".,=+-*/%&|?:<>(![{";
        return (before > 0 && joins.find(text_[before - 1]) != joins.npos) ||
               (after < end &&
                std::string_view{".,=+*/%&|?:<>)]"}.find(text_[after]) != std::string_view::npos);
    }
    /// One statement or a block; moves behind it.
    bool follow_branch(std::size_t& at, std::size_t end) {
        skip_space(at, end);
        if (at < end && text_[at] == '{') {
            const std::size_t close = std::min(find_close(text_, at), end);
            const bool is_covered = follow(at + 1, close - 1);
            at = close;
            return is_covered;
        }
        return follow_one(at, end);
    }
    bool follow_if(std::size_t& at, std::size_t end) {
        const std::size_t begin = at;
        const auto open = text_.find('(', at);
        const std::size_t close = open == text_.npos ? end : find_close(text_, open);
        if (close >= end) {
            at = end;
            return true;
        }
        const bool is_asked = touches(open, close);
        const std::size_t lost = lost_;
        at = close;
        const bool is_then = follow_branch(at, end);
        std::size_t other = at;
        skip_space(other, end);
        bool is_else = false;
        if (other < end && is_word_at(other, "else")) {
            at = other + 4;
            is_else = follow_branch(at, end);
        }
        if (is_asked) {
            lost_ = lost;
            return true;
        }
        if (is_then && !is_else && partial_ == text_.npos) partial_ = begin;
        return is_then && is_else;
    }
    bool follow_one(std::size_t& at, std::size_t end) {
        const std::size_t begin = at;
        if (is_word_at(at, "if")) return follow_if(at, end);
        for (const char* word : {"for", "while", "switch", "do", "try", "with"}) {
            if (!is_word_at(at, word)) continue;
            // Not followed: with anything in it that may answer or return it is taken to.
            at = end;
            return touches(begin, end) || has_word(text_.substr(begin, end - begin), "return");
        }
        at = end_of_plain(at, end);
        // Of the program that is read; in our own nobody does.
        constexpr std::string_view raises =
            "thro"
            "w";
        if (is_word_at(begin, raises) || touches(begin, at)) return true;
        if (!is_word_at(begin, "return")) return false;
        const std::string_view value = text_.substr(begin + 6, at - begin - 6);
        const bool is_empty =
            std::ranges::all_of(value, [](char c) { return is_space(c) || c == ';' || c == '}'; });
        if (is_empty && lost_ == text_.npos) lost_ = begin;
        return true;
    }
    bool follow(std::size_t at, std::size_t end) {
        bool is_covered = false;
        bool had_answer = false;
        for (skip_space(at, end); at < end; skip_space(at, end)) {
            const std::size_t begin = at;
            const std::size_t lost = lost_;
            if (follow_one(at, end)) is_covered = true;
            // An answer has been given before that return.
            if (is_covered && lost == text_.npos && lost_ != text_.npos && had_answer) {
                lost_ = text_.npos;
            }
            had_answer = had_answer || (is_covered && touches(begin, at));
            if (at <= begin) break;
        }
        return is_covered;
    }

    std::string_view text_;
    std::string response_;
    std::size_t lost_ = std::string_view::npos;
    std::size_t partial_ = std::string_view::npos;
};

int line_of(const std::string& source, std::size_t at) {
    return 1 + static_cast<int>(std::count(
                   source.begin(), source.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

/// "const tenant = ", "exports.tenant = ", "app.use('/admin', " before a function.
void read_before(const std::string& source, std::size_t at, MiddlewareSource& found) {
    static const std::regex named{R"((\w+)\s*[=:]\s*(?:async\s*)?$)"};
    static const std::regex given{
        R"re(\.(use|all|get|post|put|patch|delete)\(\s*(?:["'`]([^"'`]*)["'`]\s*,)?[^;{}]*$)re"};
    constexpr std::size_t far = 200;
    const std::size_t begin = at > far ? at - far : 0;
    const std::string before = source.substr(begin, at - begin);
    std::smatch match;
    if (found.name.empty() && std::regex_search(before, match, named)) {
        found.name = match[1].str();
        if (found.name == "exports") found.name.clear();
    }
    if (!std::regex_search(before, match, given)) return;
    const std::string method = match[1].str();
    found.route = match[2].str();
    found.is_of_other_method = method != "use" && method != "all" && method != "get";
}

/// Of one that is given by its name elsewhere in the same file.
void read_use(const std::string& source, MiddlewareSource& found) {
    if (found.name.empty() || !found.route.empty()) return;
    const std::regex given{
        R"re(\.(use|all|get|post|put|patch|delete)\(\s*["'`]([^"'`]*)["'`]\s*,[^;{}\n]*\b)re" +
        found.name + R"(\b)"};
    std::smatch match;
    if (!std::regex_search(source, match, given)) return;
    const std::string method = match[1].str();
    found.route = match[2].str();
    found.is_of_other_method = method != "use" && method != "all" && method != "get";
}

struct Function {
    std::smatch parameters;
    std::string text;       ///< Of these, to which they point.
    std::size_t at = 0;     ///< Of the bracket before the parameters.
    std::size_t open = 0;   ///< Of the one before the body.
    std::size_t close = 0;  ///< Behind the body.
};

/// Functions whose last parameter is called next, and whose parameters are of that form.
template <typename Take>
void for_each_function(const std::string& text, const std::regex& form, Take take) {
    constexpr std::size_t far = 200;
    for (auto at = text.find("next"); at != text.npos; at = text.find("next", at + 1)) {
        const auto end = text.find_first_of("),(=", at);
        const auto open = text.rfind('(', at);
        const bool is_list =
            end != text.npos && text[end] == ')' && open != text.npos && end - open < far;
        if (!is_list) continue;
        Function found;
        found.at = open;
        found.text = text.substr(open, end + 1 - open);
        if (!std::regex_match(found.text, found.parameters, form)) continue;
        found.open = text.find('{', end);
        if (found.open == text.npos || found.open - end > far) continue;
        // "): void {", ") => {".
        const std::string between = text.substr(end + 1, found.open - end - 1);
        if (between.find_first_of(";,()}") != between.npos) continue;
        found.close = find_close(text, found.open);
        if (found.close != text.npos) take(found);
    }
}

void describe(const std::string& source,
              const std::string& text,
              const Function& function,
              std::size_t place,
              MiddlewareSource& found) {
    static const std::regex named{R"(\bfunction\s*([\w$]*)\s*$)"};
    constexpr std::size_t far = 80;
    const std::size_t begin = function.at > far ? function.at - far : 0;
    const std::string before = text.substr(begin, function.at - begin);
    std::smatch match;
    const bool is_named = std::regex_search(before, match, named);
    if (is_named) found.name = match[1].str();
    while (place < function.close && is_space(text[place]))
        ++place;
    const std::size_t head =
        is_named ? begin + static_cast<std::size_t>(match.position()) : function.at;
    found.line = line_of(source, head);
    found.at = line_of(source, place);
    read_before(source, head, found);
    read_use(source, found);
}

void add_lost(const std::string& source,
              const std::string& text,
              std::vector<MiddlewareSource>& found) {
    static const std::regex form{
        R"(\(\s*_?(?:req|request|q)\s*(?::[^,()]*)?,\s*(_?(?:res|resp|response|r|s))\s*(?::[^,()]*)?,\s*next\s*(?::[^,()]*)?\))"};
    for_each_function(text, form, [&](const Function& function) {
        Ways ways{text, function.parameters[1].str()};
        const std::size_t lost = ways.find_lost(function.open + 1, function.close - 1);
        if (lost == text.npos) return;
        MiddlewareSource one;
        one.fault = "no next";
        describe(source, text, function, lost, one);
        found.push_back(std::move(one));
    });
}

/// A call of its own: what is waited for or handed on is part of something.
bool is_statement(const std::string& text, std::size_t at) {
    std::size_t before = at;
    bool is_new_line = false;
    while (before > 0 && is_space(text[before - 1])) {
        is_new_line = is_new_line || text[before - 1] == '\n';
        --before;
    }
    const char c = before == 0 ? ';' : text[before - 1];
    return c == ';' || c == '{' || c == '}' || (c == ')' && is_new_line);
}

void add_not_awaited(const std::string& source,
                     const std::string& text,
                     std::vector<MiddlewareSource>& found) {
    static const std::regex form{
        R"(\(\s*(?:ctx|context)\s*(?::[^,()]*)?,\s*next\s*(?::[^,()]*)?\))"};
    constexpr std::string_view call = "next()";
    for_each_function(text, form, [&](const Function& function) {
        auto at = text.find(call, function.open);
        for (; at < function.close; at = text.find(call, at + 1)) {
            const std::size_t behind = text.find_first_not_of(" \t\r\n", at + call.size());
            const bool is_handled = behind != text.npos && text[behind] == '.';
            if (is_handled || is_of_word(text[at - 1]) || !is_statement(text, at)) continue;
            MiddlewareSource one;
            one.fault = "no await";
            describe(source, text, function, at, one);
            found.push_back(std::move(one));
            return;
        }
    });
}

}  // namespace

std::vector<MiddlewareSource> find_faulty_middleware(const std::string& source) {
    std::vector<MiddlewareSource> found;
    if (source.find("next") == source.npos) return found;
    const std::string text = Blanking{source}.blank();
    add_lost(source, text, found);
    add_not_awaited(source, text, found);
    return found;
}

}  // namespace devstack::diagnosis
