#include "core/doctor/traceback.hpp"

#include "core/doctor/picture.hpp"
#include "core/doctor/traceback_readers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <regex>
#include <string_view>

namespace devstack::core::doctor {

int to_line_number(const std::string& digits) {
    int number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

/// Code of others: packages, the runtime itself.
bool is_foreign(const std::string& file) {
    constexpr std::array<std::string_view, 18> places{"/usr/bin/",
                                                      "venv/bin/",
                                                      "node_modules/",
                                                      "node:",
                                                      "site-packages/",
                                                      "dist-packages/",
                                                      "/usr/lib/",
                                                      "<frozen",
                                                      "/usr/local/",
                                                      "/gems/",
                                                      "/rustc/",
                                                      "<anonymous>",
                                                      "/lib/python",
                                                      "<internal:",
                                                      "/vendor/bundle/",
                                                      "/lib/ruby/",
                                                      "/.cargo/registry/",
                                                      "/library/std/src/"};
    return file.starts_with("internal/") ||  // Node.js' own; Go's projects have one, too.
           std::ranges::any_of(places, [&](std::string_view it) { return contains(file, it); });
}

namespace {

using Lines = TraceLines;

constexpr std::size_t frames_max = trace_lines_max;

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

/// What gRPC has to say stands in the lines below the error: "RESOURCE_EXHAUSTED: Received …".
std::string grpc_status(const Lines& lines, std::size_t at) {
    static const std::regex status{R"re(status = StatusCode\.(\w+))re"};
    static const std::regex details{R"re(details = "(.*)")re"};
    constexpr std::size_t lines_max = 4;
    std::string said;
    for (std::size_t i = at + 1; i < std::min(lines.size(), at + 1 + lines_max); ++i) {
        std::smatch match;
        if (std::regex_search(lines[i].text, match, status)) said += " " + match[1].str();
        if (std::regex_search(lines[i].text, match, details)) said += ": " + match[1].str();
    }
    return said;
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
            found.line = to_line_number(match[2]);
            found.function = match[3];
            found.code = i + 1 < lines.size() ? lines[i + 1].text : "";
        } else if ((std::regex_match(text, match, error) && !contains(text, "  File ")) ||
                   (has_frames && std::regex_match(text, match, other))) {
            found.error = match[1];
            if (contains(text, " validation error")) found.error += invalid_fields(lines, i);
            if (text.ends_with(" terminated with:")) found.error += grpc_status(lines, i);
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
        return Traceback{lines[at].text,
                         match[1],
                         to_line_number(match[2]),
                         "",
                         lines[i + 1].text,
                         lines[at].time,
                         "",
                         false};
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
        found.line = to_line_number(match[2]);
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
    // node-postgres calls its errors "error".
    static const std::regex error{R"(((?:[A-Z]\w*)?Error(?: \[\w+\])?: .*|^error: .*)$)"};
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
        found.line = to_line_number(match[3]);
    }
    if (found.file.empty()) find_place_before(lines, at, found);
    // Node.js calls it a SyntaxError, and the syntax is good.
    constexpr std::string_view syntax = "SyntaxError: ";
    if (found.error.starts_with(syntax) && contains(found.error, "does not provide an export")) {
        found.error.erase(0, syntax.size());
    }
    return has_frames ? std::optional{found} : std::nullopt;
}

std::optional<Traceback> read_at(const Lines& lines, std::size_t at) {
    const std::string& text = lines[at].text;
    if (contains(text, "Traceback (most recent call last)")) return read_python(lines, at);
    if (is_python_syntax_error(lines, at)) {
        if (auto found = read_python_syntax(lines, at)) return found;
    }
    if (contains(text, "panicked at")) return read_rust(lines, at);
    if (contains(text, "** (")) {
        if (auto found = read_elixir(lines, at)) return found;
    }
    if (contains(text, "PHP Fatal error:")) return read_php(lines, at);
    if (auto found = read_cpp(lines, at)) return found;
    if (auto found = read_ruby(lines, at)) return found;
    if (contains(text, " line ")) return read_perl(lines, at);
    if (contains(text, "panic") || text.starts_with("fatal error: ")) return read_go(lines, at);
    if (contains(text, "[ERROR] ")) {
        if (auto found = read_astro(lines, at)) return found;
    }
    const bool is_error = contains(text, "Error") || text.starts_with("error: ");
    if (!is_error && !contains(text, "Exception") && !contains(text, "Caused by: ")) {
        return std::nullopt;
    }
    if (auto found = read_java(lines, at)) return found;
    if (auto found = read_dotnet(lines, at)) return found;
    return is_error ? read_node(lines, at) : std::nullopt;
}

/// The last one in a line that is JSON.
std::optional<Traceback> read_json(const LineFact& line) {
    const Lines lines = unfold_json(line);
    for (std::size_t i = lines.size(); i-- > 0;) {
        auto found = read_at(lines, i);
        // What it was told of is in the same line.
        if (found) found->head = line.text;
        if (found) return found;
    }
    return std::nullopt;
}

/// "During handling of the above exception, …" and the like stand between errors of one chain.
std::string find_preface(const Lines& lines, std::size_t at) {
    constexpr std::string_view head{"Traceback (most recent call last)"};
    const auto is_blank = [&](std::size_t i) {
        return lines[i].text.find_first_not_of(" \t") == std::string::npos;
    };
    while (at > 0) {
        std::size_t above = at - 1;
        while (above > 0 && is_blank(above))
            --above;
        const bool is_link =
            contains(lines[above].text, "of the above exception") ||
            contains(lines[above].text, "The above exception was the direct cause");
        if (!is_link) return lines[above].text;
        at = above;
        while (at > 0 && !contains(lines[at].text, head))
            --at;
    }
    return "";
}

}  // namespace

std::optional<Traceback> find_last_traceback(const std::vector<LineFact>& lines) {
    for (std::size_t i = lines.size(); i-- > 0;) {
        auto found = lines[i].text.starts_with('{') ? read_json(lines[i]) : read_at(lines, i);
        if (!found) continue;
        if (found->head.empty()) found->head = lines[i].text;
        if (contains(found->head, "Traceback (most recent call last)")) {
            found->preface = find_preface(lines, i);
        }
        return found;
    }
    return read_headless_java(lines);
}

}  // namespace devstack::core::doctor
