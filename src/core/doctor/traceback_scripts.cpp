// Traces of Ruby, PHP, Perl and Astro.

#include "core/doctor/picture.hpp"
#include "core/doctor/traceback_readers.hpp"

#include <algorithm>
#include <array>
#include <regex>

namespace devstack::core::doctor {

namespace {

struct Place {
    std::string file;
    int line = 0;
    std::string function;
};

/// "	from app.rb:3:in `run'", "	/srv/app.rb:13:in `block in <class:Shop>'", and what a
/// logger writes before it.
std::optional<Place> parse_ruby_frame(const std::string& text) {
    static const std::regex frame{
        R"re(^(?:.*?(?:WARN|ERROR|FATAL)(?: -- [^:]*)?: (?:\[\S+\] )*)?\s*(?:\d+: )?(?:from )?(<internal:\S+|[^\s:\[]+):(\d+):in [`'](.+?)'$)re"};
    std::smatch match;
    if (!text.ends_with('\'') || !contains(text, ":in ")) return std::nullopt;
    if (!std::regex_search(text, match, frame)) return std::nullopt;
    return Place{match[1], to_line_number(match[2]), match[3]};
}

void take(const Place& place, Traceback& found) {
    found.file = place.file;
    found.line = place.line;
    found.function = place.function;
}

void find_ruby_place(const TraceLines& lines, std::size_t from, Traceback& found) {
    for (std::size_t i = from; i < std::min(lines.size(), from + trace_lines_max); ++i) {
        const auto frame = parse_ruby_frame(lines[i].text);
        if (!frame) {
            // A message may have more lines than one.
            constexpr std::size_t message_lines_max = 3;
            if (i >= from + message_lines_max) return;
            continue;
        }
        if (is_foreign(frame->file)) continue;
        take(*frame, found);
        return;
    }
}

/// "config.ru:1:in `require_relative': /srv/app.rb:18: syntax error, … (SyntaxError)": what can not
/// be read is named in the message.
bool take_ruby_syntax_error(const std::string& text, Traceback& found) {
    static const std::regex words{R"((?:^|[\s:])(\S+\.(?:rb|ru)):(\d+): (syntax error.*)$)"};
    std::smatch match;
    if (!std::regex_search(text, match, words)) return false;
    take({match[1], to_line_number(match[2]), ""}, found);
    found.error = match[3];
    return true;
}

/// What Sinatra, Rails, Puma and others write: "… - NoMethodError - undefined method …:",
/// "NoMethodError (undefined method …):", "NoMethodError: undefined method …", then frames.
std::optional<Traceback> read_ruby_report(const TraceLines& lines, std::size_t at) {
    static const std::regex head{
        R"((?:^|[\s:])((?:[A-Z]\w*::)*[A-Z]\w*[a-z]\w*)(?: - |: | \()(.+?)\)?:?\s*$)"};
    constexpr std::size_t message_lines_max = 6;
    const std::string& text = lines[at].text;
    if (text.find_first_of(" :(") == text.npos || parse_ruby_frame(text)) return std::nullopt;
    std::size_t next = at + 1;
    while (next < lines.size() && next <= at + message_lines_max &&
           !parse_ruby_frame(lines[next].text)) {
        ++next;
    }
    if (next >= lines.size() || next > at + message_lines_max) return std::nullopt;
    std::smatch match;
    if (!std::regex_search(text, match, head)) return std::nullopt;
    Traceback found;
    found.error = match[1].str() + ": " + match[2].str();
    found.time = lines[at].time;
    if (!take_ruby_syntax_error(found.error, found)) find_ruby_place(lines, next, found);
    return found;
}

/// php-fpm: `WARNING: [pool www] child 18 said into stderr: "…"`.
std::string without_fpm(const std::string& text) {
    constexpr std::string_view mark = "said into stderr: \"";
    const auto at = text.find(mark);
    if (at == text.npos) return text;
    const std::string inner = text.substr(at + mark.size());
    return inner.ends_with('"') ? inner.substr(0, inner.size() - 1) : inner;
}

bool is_php_package(const std::string& file) {
    return contains(file, "/vendor/") || file.starts_with("phar://") || is_foreign(file);
}

bool is_perl_library(const std::string& file) {
    return is_foreign(file) || contains(file, "/perl5/") || contains(file, "/perl/") ||
           contains(file, "/share/perl");
}

/// What Perl only warns of, in the same form.
bool is_perl_warning(const std::string& text) {
    constexpr std::array<std::string_view, 14> words{"BEGIN failed--",
                                                     "Use of uninitialized value",
                                                     "isn't numeric",
                                                     " redefined at ",
                                                     "Wide character in ",
                                                     "masks earlier declaration",
                                                     "deprecated",
                                                     "Odd number of elements",
                                                     "used only once",
                                                     "Deep recursion",
                                                     " experimental",
                                                     "Useless use of",
                                                     "Possible ",
                                                     "Compilation failed in require"};
    return std::ranges::any_of(words, [&](std::string_view it) { return contains(text, it); });
}

}  // namespace

/// "app.rb:3:in `run': undefined method … (NoMethodError)", then the frames below it.
std::optional<Traceback> read_ruby(const TraceLines& lines, std::size_t at) {
    static const std::regex head{
        R"(^(<internal:\S+|\S+?):(\d+):in [`'](.+?)': (.+ \((?:\w+::)*[A-Z]\w*\))$)"};
    std::smatch match;
    const std::string& text = lines[at].text;
    const bool may_be = text.ends_with(')') && contains(text, ":in ");
    if (!may_be || !std::regex_search(text, match, head)) return read_ruby_report(lines, at);
    Traceback found;
    found.error = match[4];
    found.time = lines[at].time;
    if (take_ruby_syntax_error(found.error, found)) return found;
    if (is_foreign(match[1])) {
        find_ruby_place(lines, at + 1, found);
    } else {
        take({match[1], to_line_number(match[2]), match[3]}, found);
    }
    return found;
}

/// "PHP Fatal error:  Uncaught PDOException: … in /srv/Orders.php:8", "Stack trace:",
/// "#0 /srv/index.php(9): Orders->__construct()".
std::optional<Traceback> read_php(const TraceLines& lines, std::size_t at) {
    static const std::regex head{R"(PHP Fatal error:\s+Uncaught (.+?) in (\S+?):(\d+)\b)"};
    static const std::regex frame{R"(^#\d+ (\S+?)\((\d+)\): (.+)$)"};
    std::smatch match;
    if (!std::regex_search(lines[at].text, match, head)) return std::nullopt;
    Traceback found;
    found.error = match[1];
    found.time = lines[at].time;
    if (!is_php_package(match[2])) {
        found.file = match[2];
        found.line = to_line_number(match[3]);
        return found;
    }
    for (std::size_t i = at + 1; i < std::min(lines.size(), at + trace_lines_max); ++i) {
        const std::string text = without_fpm(lines[i].text);
        if (contains(text, "#") && std::regex_search(text, match, frame)) {
            if (is_php_package(match[1])) continue;
            found.file = match[1];
            found.line = to_line_number(match[2]);
            return found;
        }
        if (contains(text, "  thrown in ")) break;
    }
    return found;
}

/// "Can't call method "total" on an undefined value at lib/Shop/Orders.pm line 7."
std::optional<Traceback> read_perl(const TraceLines& lines, std::size_t at) {
    static const std::regex words{
        R"((?:^|\] |: )([^\[\]]*\S) at (\S+\.(?:p[lm]|psgi|cgi|t)) line (\d+)(?:(?:, <\S+> line \d+)?\.|, near ".*)$)"};
    std::smatch match;
    const std::string& text = lines[at].text;
    if (!text.ends_with('.') && !contains(text, ", near \"")) return std::nullopt;
    if (is_perl_warning(text) || !std::regex_search(text, match, words)) return std::nullopt;
    Traceback found;
    found.error = match[1];
    found.time = lines[at].time;
    if (is_perl_library(match[2])) return found;
    found.file = match[2];
    found.line = to_line_number(match[3]);
    return found;
}

/// "13:55:07 [ERROR] Could not import `../layouts/Main.astro`.", "  Stack trace:",
/// "    at /srv/src/pages/index.astro:2:20".
std::optional<Traceback> read_astro(const TraceLines& lines, std::size_t at) {
    static const std::regex head{R"(^\d\d:\d\d:\d\d \[ERROR\] (?:\[\w+\] )?(.+?)\.?$)"};
    static const std::regex frame{R"(^\s+(?:at (?:.* \()?)?(/[^():]+):(\d+):\d+\)?$)"};
    constexpr std::size_t lines_max = 12;
    std::smatch match;
    if (!std::regex_search(lines[at].text, match, head)) return std::nullopt;
    Traceback found;
    found.error = match[1];
    found.time = lines[at].time;
    for (std::size_t i = at + 1; i < std::min(lines.size(), at + lines_max); ++i) {
        if (!lines[i].text.starts_with(' ')) break;
        if (!std::regex_search(lines[i].text, match, frame) || is_foreign(match[1])) continue;
        found.file = match[1];
        found.line = to_line_number(match[2]);
        return found;
    }
    return std::nullopt;
}

}  // namespace devstack::core::doctor
