#include "core/doctor/traceback.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <regex>
#include <string_view>

namespace devstack::core::doctor {

namespace {

using Lines = std::vector<LineFact>;

constexpr std::size_t frames_max = 60;

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != text.npos;
}

int to_number(const std::string& digits) {
    int number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

/// Code of others: packages, the runtime itself.
bool is_foreign(const std::string& file) {
    constexpr std::array<std::string_view, 14> places{"/usr/bin/",
                                                      "venv/bin/",
                                                      "node_modules/",
                                                      "node:",
                                                      "internal/",
                                                      "site-packages/",
                                                      "dist-packages/",
                                                      "/usr/lib/",
                                                      "<frozen",
                                                      "/usr/local/",
                                                      "/gems/",
                                                      "/rustc/",
                                                      "<anonymous>",
                                                      "/lib/python"};
    return std::ranges::any_of(places, [&](std::string_view it) { return contains(file, it); });
}

/// The npm package that the file is of; empty: none.
std::string package_of(const std::string& file) {
    static const std::regex package{R"re(.*node_modules/((?:@[^/]+/)?[^/]+)/)re"};
    std::smatch match;
    return std::regex_search(file, match, package) ? match[1].str() : "";
}

/// Of "2 validation errors for Settings" pydantic tells the fields in the lines after it: one with
/// the field, one with what is wrong: "  field required (type=value_error.missing)".
std::string invalid_fields(const Lines& lines, std::size_t at) {
    static const std::regex field{R"(^[\w.\[\]-]+(?: -> [\w.\[\]-]+)*$)"};
    static const std::regex problem{R"(^  (\S.*?) [(\[]type=)"};
    constexpr std::size_t fields_max = 8;
    std::string fields;
    std::size_t count = 0;
    for (std::size_t i = at + 1; i + 1 < lines.size() && count < fields_max; ++i) {
        if (lines[i].text.starts_with("    For further information")) continue;
        std::smatch match;
        const std::string& reason = lines[i + 1].text;
        if (!std::regex_match(lines[i].text, field)) break;
        if (!std::regex_search(reason, match, problem)) break;
        fields += (count == 0 ? ": " : ", ") + lines[i].text + " (" + match[1].str() + ")";
        ++count;
        ++i;
    }
    return fields;
}

/// "Traceback (most recent call last):", frames with the innermost last, the error at the end of
/// the frames. A syntax error has its place in a last frame without a function.
std::optional<Traceback> read_python(const Lines& lines, std::size_t at) {
    static const std::regex frame{R"re(^\s*File "([^"]+)", line (\d+)(?:, in (.+))?$)re"};
    static const std::regex error{
        R"(^\s*((?:\w+\.)*[A-Za-z_]\w*(?:Error|Exception|Exit|Interrupt|Warning|NotFound)\b.*)$)"};
    // Any other class: the first line behind the frames that is not indented. What is written in
    // capitals is the level of a log line.
    static const std::regex other{R"(^((?:[A-Za-z_]\w*\.)*[A-Z]\w*[a-z]\w*(?:: .*)?)$)"};
    Traceback found;
    found.time = lines[at].time;
    bool has_frames = false;
    for (std::size_t i = at + 1; i < std::min(lines.size(), at + 4 * frames_max); ++i) {
        std::smatch match;
        const std::string& text = lines[i].text;
        if (std::regex_search(text, match, frame)) {
            has_frames = true;
            if (is_foreign(match[1])) continue;
            found.file = match[1];
            found.line = to_number(match[2]);
            found.function = match[3];
            found.code = i + 1 < lines.size() ? lines[i + 1].text : "";
        } else if ((std::regex_match(text, match, error) && !contains(text, "  File ")) ||
                   (has_frames && std::regex_match(text, match, other))) {
            found.error = match[1];
            if (contains(text, " validation error")) found.error += invalid_fields(lines, i);
            return found;
        }
    }
    return std::nullopt;
}

/// Of the main script that can not be compiled Python prints no head: place, code, marks, error.
bool is_python_syntax_error(const Lines& lines, std::size_t at) {
    const std::string& text = lines[at].text;
    return at >= 2 && (text.starts_with("SyntaxError: ") ||
                       text.starts_with("IndentationError: ") || text.starts_with("TabError: "));
}

std::optional<Traceback> read_python_syntax(const Lines& lines, std::size_t at) {
    static const std::regex place{R"re(^\s*File "([^"]+)", line (\d+)$)re"};
    constexpr std::size_t lines_before_max = 4;
    for (std::size_t i = at; i-- > 0 && at - i <= lines_before_max;) {
        std::smatch match;
        if (!std::regex_search(lines[i].text, match, place)) continue;
        return Traceback{
            lines[at].text, match[1], to_number(match[2]), "", lines[i + 1].text, lines[at].time};
    }
    return std::nullopt;
}

/// Of a file that can not be compiled Node.js prints "/app/server.js:12" and the line above the
/// error.
void find_place_before(const Lines& lines, std::size_t at, Traceback& found) {
    static const std::regex place{R"(^(?:file://)?(/\S+):(\d+)$)"};
    constexpr std::size_t lines_before_max = 6;
    for (std::size_t i = at; i-- > 0 && at - i <= lines_before_max;) {
        std::smatch match;
        if (!std::regex_search(lines[i].text, match, place)) continue;
        found.file = match[1];
        found.line = to_number(match[2]);
        found.code = i + 1 < at ? lines[i + 1].text : "";
        const std::string package = package_of(found.file);
        if (!package.empty()) found.function = "in the package " + package;
        return;
    }
}

/// "TypeError: …" and then "    at f (/app/server.js:12:3)".
std::optional<Traceback> read_node(const Lines& lines, std::size_t at) {
    static const std::regex frame{
        R"re(^\s*at (?:async )?(?:(.+?) \()?(?:file://)?([^()]+?):(\d+):\d+\)?$)re"};
    static const std::regex error{R"(((?:[A-Z]\w*)?Error(?: \[\w+\])?: .*)$)"};
    std::smatch match;
    if (!std::regex_search(lines[at].text, match, error)) return std::nullopt;
    Traceback found;
    found.error = match[1];
    found.time = lines[at].time;
    bool has_frames = false;
    for (std::size_t i = at + 1; i < std::min(lines.size(), at + frames_max); ++i) {
        if (!std::regex_search(lines[i].text, match, frame)) {
            if (has_frames) break;
            constexpr std::size_t message_lines_max = 6;
            if (i > at + message_lines_max) break;
            continue;
        }
        has_frames = true;
        if (!found.file.empty() || is_foreign(match[2])) continue;
        found.function = match[1];
        found.file = match[2];
        found.line = to_number(match[3]);
    }
    if (found.file.empty()) find_place_before(lines, at, found);
    // Node.js calls it a SyntaxError, and the syntax is good.
    constexpr std::string_view syntax = "SyntaxError: ";
    if (found.error.starts_with(syntax) && contains(found.error, "does not provide an export")) {
        found.error.erase(0, syntax.size());
    }
    return has_frames ? std::optional{found} : std::nullopt;
}

/// "panic: …", "goroutine 1 [running]:", "main.f(…)", "	/app/main.go:12 +0x1d".
std::optional<Traceback> read_go(const Lines& lines, std::size_t at) {
    static const std::regex place{R"(^\s+(\S+\.go):(\d+))"};
    const std::string& text = lines[at].text;
    const bool is_panic = text.starts_with("panic: ") || contains(text, "http: panic serving") ||
                          text.starts_with("fatal error: ");
    if (!is_panic) return std::nullopt;
    Traceback found;
    found.error = text;
    found.time = lines[at].time;
    for (std::size_t i = at + 1; i < std::min(lines.size(), at + frames_max); ++i) {
        std::smatch match;
        if (!std::regex_search(lines[i].text, match, place) ||
            contains(match[1].str(), "/src/runtime/") || is_foreign(match[1]) ||
            contains(match[1].str(), "/src/net/")) {
            continue;
        }
        found.file = match[1];
        found.line = to_number(match[2]);
        found.function = lines[i - 1].text.substr(0, lines[i - 1].text.rfind('('));
        return found;
    }
    return found;
}

/// "thread 'main' panicked at src/main.rs:4:5:", the message behind it or in the next line.
std::optional<Traceback> read_rust(const Lines& lines, std::size_t at) {
    static const std::regex panic{R"(panicked at (?:'(.*)', )?(\S+\.rs):(\d+):\d+:?)"};
    std::smatch match;
    if (!std::regex_search(lines[at].text, match, panic)) return std::nullopt;
    Traceback found;
    found.time = lines[at].time;
    found.file = match[2];
    found.line = to_number(match[3]);
    found.error = match[1].length() > 0   ? match[1].str()
                  : at + 1 < lines.size() ? lines[at + 1].text
                                          : "panic";
    return found;
}

/// "Exception in thread "main" java.lang.X: …", "	at com.shop.Main.run(Main.java:12)".
std::optional<Traceback> read_java(const Lines& lines, std::size_t at) {
    static const std::regex head{R"(((?:\w+\.)+\w*(?:Exception|Error)(?:: .*)?)$)"};
    static const std::regex frame{R"(^\s+at ([\w.$<>/]+)\((\w+\.(?:java|kt|scala)):(\d+)\))"};
    std::smatch match;
    if (!std::regex_search(lines[at].text, match, head)) return std::nullopt;
    Traceback found;
    found.error = match[1];
    found.time = lines[at].time;
    for (std::size_t i = at + 1; i < std::min(lines.size(), at + frames_max); ++i) {
        if (!std::regex_search(lines[i].text, match, frame)) break;
        const std::string function = match[1];
        const bool is_own = !function.starts_with("java") && !function.starts_with("jdk.") &&
                            !function.starts_with("org.springframework.") &&
                            !function.starts_with("sun.");
        if (!found.file.empty() && !is_own) continue;
        if (!found.file.empty()) break;
        if (!is_own) continue;
        found.function = function;
        found.file = match[2];
        found.line = to_number(match[3]);
    }
    return found.file.empty() ? std::nullopt : std::optional{found};
}

/// "app.rb:3:in `run': undefined method … (NoMethodError)".
std::optional<Traceback> read_ruby(const Lines& lines, std::size_t at) {
    static const std::regex head{R"(^(\S+\.rb):(\d+):in [`'](.+)': (.+ \(\w+(?:::\w+)*\))$)"};
    std::smatch match;
    if (!std::regex_search(lines[at].text, match, head)) return std::nullopt;
    return Traceback{match[4], match[1], to_number(match[2]), match[3], "", lines[at].time};
}

std::optional<Traceback> read_at(const Lines& lines, std::size_t at) {
    const std::string& text = lines[at].text;
    if (contains(text, "Traceback (most recent call last)")) return read_python(lines, at);
    if (is_python_syntax_error(lines, at)) {
        if (auto found = read_python_syntax(lines, at)) return found;
    }
    if (contains(text, "panicked at")) return read_rust(lines, at);
    if (contains(text, ".rb:")) return read_ruby(lines, at);
    if (contains(text, "panic") || text.starts_with("fatal error: ")) return read_go(lines, at);
    if (!contains(text, "Error") && !contains(text, "Exception")) return std::nullopt;
    if (at + 1 < lines.size() && contains(lines[at + 1].text, ".java:"))
        return read_java(lines, at);
    return contains(text, "Error") ? read_node(lines, at) : std::nullopt;
}

}  // namespace

std::optional<Traceback> find_last_traceback(const std::vector<LineFact>& lines) {
    for (std::size_t i = lines.size(); i-- > 0;) {
        if (auto found = read_at(lines, i)) return found;
    }
    return std::nullopt;
}

}  // namespace devstack::core::doctor
