// What programs of Go, Rust and C++ write when they end.

#include "core/doctor/picture.hpp"
#include "core/doctor/traceback_readers.hpp"

#include <algorithm>
#include <array>
#include <regex>

namespace devstack::core::doctor {

namespace {

/// "net/http.(*conn).serve" and "/usr/lib/go-1.19/src/net/http/server.go": GOROOT/src/PACKAGE. With
/// -trimpath it is PACKAGE/server.go alone. Packages of others have a domain in their name.
bool is_go_standard(const std::string& function, const std::string& file) {
    const auto slash = function.rfind('/');
    const auto dot = function.find('.', slash == function.npos ? 0 : slash);
    const std::string package = function.substr(0, dot);
    if (package.empty() || package == "main" || contains(package, ".")) return false;
    const std::string end = package + "/" + base_of(file);
    if (file.ends_with("/src/" + end)) return true;
    constexpr std::array<std::string_view, 7> usual{
        "runtime", "net", "reflect", "sync", "encoding", "database", "internal"};
    const std::string root = package.substr(0, package.find('/'));
    return file == end && std::ranges::find(usual, root) != usual.end();
}

bool is_go_package_of_others(const std::string& file) {
    return contains(file, "/pkg/mod/") || contains(file, "/vendor/") || contains(file, "@v") ||
           contains(file, "/usr/lib/go") || contains(file, "/usr/local/go/");
}

/// "main.f(…)", "created by main.start in goroutine 1", and chi's " -> main.f".
std::string go_function(std::string text) {
    constexpr std::string_view creator = "created by ";
    if (text.starts_with(creator)) {
        text.erase(0, creator.size());
        return text.substr(0, text.find(" in goroutine"));
    }
    const auto begin = text.find_first_not_of(" ->");
    text.erase(0, begin == text.npos ? 0 : begin);
    return text.ends_with(')') ? text.substr(0, text.rfind('(')) : text;
}

/// gin: "[Recovery] 2026/11/28 - 09:13:41 panic recovered:", the request, the error, and then
/// "/srv/main.go:15 (0x6f1a2b)", "	(*Cart).Add: c.items[sku]++".
std::optional<Traceback> read_gin(const TraceLines& lines, std::size_t at) {
    static const std::regex frame{R"(^(\S+\.go):(\d+) \(0x[0-9a-f]+\)$)"};
    Traceback found;
    found.time = lines[at].time;
    std::string root = "?";  // Of Go itself.
    for (std::size_t i = at + 1; i < std::min(lines.size(), at + trace_lines_max); ++i) {
        std::smatch match;
        if (!std::regex_search(lines[i].text, match, frame)) continue;
        if (found.error.empty()) found.error = "panic: " + lines[i - 1].text;
        const std::string file = match[1];
        const auto runtime = file.find("/src/runtime/");
        if (runtime != file.npos) root = file.substr(0, runtime + 5);
        if (file.starts_with(root) || is_go_package_of_others(file)) continue;
        found.file = file;
        found.line = to_line_number(match[2]);
        const std::string next = i + 1 < lines.size() ? lines[i + 1].text : "";
        if (next.starts_with('\t')) found.function = next.substr(1, next.find(':') - 1);
        return found;
    }
    return found.error.empty() ? std::nullopt : std::optional{found};
}

/// What was panicked with: of "2026/11/28 09:13:41 http: panic serving 127.0.0.1:39364: …" the end.
std::string go_error(const std::string& text) {
    static const std::regex serving{R"(http: panic serving \S+: (.*)$)"};
    std::smatch match;
    if (std::regex_search(text, match, serving)) return "panic: " + match[1].str();
    return text.substr(text.find_first_not_of(' '));
}

/// Of "shop::stock::h1a2b" what people know.
std::string rust_function(const std::string& text) {
    static const std::regex frame{R"(^\s*\d+:\s+(?:0x[0-9a-f]+ - )?(\S.*?)(?:::h[0-9a-f]{16})?$)"};
    std::smatch match;
    return std::regex_match(text, match, frame) ? match[1].str() : "";
}

/// Of a panic in a library's code: the first frame of the program's own, where there are frames.
void find_rust_place(const TraceLines& lines, std::size_t at, Traceback& found) {
    static const std::regex place{R"(^\s+at (?:\./)?(\S+\.rs):(\d+)(?::\d+)?$)"};
    for (std::size_t i = at + 1; i < std::min(lines.size(), at + trace_lines_max); ++i) {
        std::smatch match;
        if (!std::regex_search(lines[i].text, match, place) || is_foreign(match[1])) continue;
        found.file = match[1];
        found.line = to_line_number(match[2]);
        found.function = rust_function(lines[i - 1].text);
        return;
    }
}

std::optional<Traceback> read_panic(const TraceLines& lines, std::size_t at) {
    static const std::regex panic{R"(panicked at (?:'(.*)', )?(\S+\.rs):(\d+):\d+:?)"};
    std::smatch match;
    if (!std::regex_search(lines[at].text, match, panic)) return std::nullopt;
    Traceback found;
    found.time = lines[at].time;
    found.error = match[1].length() > 0   ? match[1].str()
                  : at + 1 < lines.size() ? lines[at + 1].text
                                          : "panic";
    if (is_foreign(match[2])) {
        find_rust_place(lines, at, found);
    } else {
        found.file = match[2];
        found.line = to_line_number(match[3]);
    }
    return found;
}

/// "catalogue: src/catalogue.cpp:10: std::string page(int): Assertion `…' failed."
std::optional<Traceback> read_assertion(const LineFact& line) {
    static const std::regex assertion{
        R"(^(?:\S+: )?(\S+\.\w+):(\d+): (.+): (Assertion [`'].+' failed)\.?$)"};
    static const std::regex signature{R"(([\w~:<>]+)\()"};
    std::smatch match;
    if (!std::regex_search(line.text, match, assertion)) return std::nullopt;
    const std::string whole = match[3];
    std::smatch name;
    const std::string function = std::regex_search(whole, name, signature) ? name[1].str() : whole;
    return Traceback{
        match[4], match[1], to_line_number(match[2]), function, "", line.time, "", false};
}

/// "terminate called after throwing an instance of 'X'", "  what():  …".
std::optional<Traceback> read_terminate(const TraceLines& lines, std::size_t at) {
    static const std::regex thrown{R"(terminate called after throwing an instance of '(.+)'$)"};
    std::smatch match;
    Traceback found;
    found.time = lines[at].time;
    if (std::regex_search(lines[at].text, match, thrown)) {
        found.error = match[1];
        const std::string next = at + 1 < lines.size() ? lines[at + 1].text : "";
        const auto what = next.find("what():  ");
        const std::string words = what == next.npos ? "" : next.substr(what + 9);
        if (!words.empty() && words != found.error) found.error += ": " + words;
        return found;
    }
    if (!contains(lines[at].text, "terminate called without an active exception")) {
        return std::nullopt;
    }
    const bool is_pure = at > 0 && contains(lines[at - 1].text, "pure virtual method called");
    found.error = is_pure
                      ? "pure virtual method called (in a constructor or a destructor, or of an "
                        "object that is gone)"
                      : "terminate called without an active exception (often a std::thread that "
                        "was destroyed before it was joined or detached)";
    return found;
}

/// glibc looks over its heap and stacks while it works.
std::optional<Traceback> read_glibc(const LineFact& line) {
    if (!contains(line.text, "free") && !contains(line.text, "alloc") &&
        !contains(line.text, "corrupt") && !contains(line.text, "***") &&
        !contains(line.text, "chunk")) {
        return std::nullopt;
    }
    static const std::regex words{
        R"(^(?:\*\*\* Error in .*?: )?((?:free|malloc|realloc|munmap_chunk|calloc|malloc_consolidate|unlink_chunk|sysmalloc)\(\): .+|double free or corruption \(.+\)|corrupted (?:size vs\. prev_size|double-linked list).*|\*\*\* (?:stack smashing|buffer overflow) detected \*\*\*: .+)$)"};
    std::smatch match;
    if (!std::regex_search(line.text, match, words)) return std::nullopt;
    return Traceback{match[1], "", 0, "", "", line.time, "", false};
}

/// "src/stock.cpp:10:15: runtime error: signed integer overflow: …", and the program may go on.
std::optional<Traceback> read_undefined_behaviour(const LineFact& line) {
    static const std::regex words{R"(^(\S+\.\w+):(\d+):\d+: (runtime error: .+)$)"};
    std::smatch match;
    if (!std::regex_search(line.text, match, words) || is_foreign(match[1])) return std::nullopt;
    return Traceback{match[3], match[1], to_line_number(match[2]), "", "", line.time, "", false};
}

bool is_sanitizers_own(const std::string& file) {
    return contains(file, "libsanitizer") || contains(file, "compiler-rt") ||
           contains(file, "/include/c++/") || contains(file, "/sysdeps/") || contains(file, "csu/");
}

/// "==19==ERROR: AddressSanitizer: heap-buffer-overflow on address …", frames.
std::optional<Traceback> read_sanitizer(const TraceLines& lines, std::size_t at) {
    static const std::regex head{R"(==\d+==ERROR: (\w+Sanitizer: [\w-]+))"};
    static const std::regex frame{
        R"(^\s+#\d+ 0x[0-9a-f]+ in (.+?)(?:\(.*\))?(?: const)? (\S+\.\w+):(\d+)(?::\d+)?$)"};
    std::smatch match;
    if (!std::regex_search(lines[at].text, match, head)) return std::nullopt;
    Traceback found;
    found.error = match[1];
    found.time = lines[at].time;
    for (std::size_t i = at + 1; i < std::min(lines.size(), at + trace_lines_max); ++i) {
        const std::string& text = lines[i].text;
        if (!std::regex_search(text, match, frame)) {
            // Below it is where the memory was taken and given back.
            if (text.empty()) break;
            continue;
        }
        if (is_sanitizers_own(match[2]) || is_foreign(match[2])) continue;
        found.function = match[1];
        found.file = match[2];
        found.line = to_line_number(match[3]);
        break;
    }
    return found;
}

}  // namespace

/// "panic: …", "goroutine 1 [running]:", "main.f(…)", "	/app/main.go:12 +0x1d".
std::optional<Traceback> read_go(const TraceLines& lines, std::size_t at) {
    static const std::regex place{R"(^\s+(?:->\s+)?(\S+\.go):(\d+))"};
    const std::string& text = lines[at].text;
    if (contains(text, "[Recovery]")) return read_gin(lines, at);
    // chi writes a blank before it, and goes on.
    const bool is_end = text.starts_with("panic: ") || text.starts_with("fatal error: ");
    const bool is_panic =
        is_end || text.starts_with(" panic: ") || contains(text, "http: panic serving");
    if (!is_panic) return std::nullopt;
    Traceback found;
    found.error = go_error(text);
    found.time = lines[at].time;
    found.is_end = is_end;
    std::size_t goroutines = 0;
    for (std::size_t i = at + 1; i < std::min(lines.size(), at + trace_lines_max); ++i) {
        const std::string& frame = lines[i].text;
        // The first is the one that panicked.
        if (frame.starts_with("goroutine ") && ++goroutines > 1) break;
        std::smatch match;
        if (!std::regex_search(frame, match, place)) continue;
        const std::string function = go_function(lines[i - 1].text);
        if (is_go_package_of_others(match[1]) || is_go_standard(function, match[1])) continue;
        found.file = match[1];
        found.line = to_line_number(match[2]);
        found.function = function;
        return found;
    }
    return found;
}

/// "thread 'main' panicked at src/main.rs:4:5:", the message behind it or in the next line. Of a
/// mutex that an earlier panic has poisoned, that one is the cause.
std::optional<Traceback> read_rust(const TraceLines& lines, std::size_t at) {
    const auto found = read_panic(lines, at);
    if (!found || !contains(found->error, "PoisonError")) return found;
    for (std::size_t i = at; i-- > 0;) {
        if (!contains(lines[i].text, "panicked at")) continue;
        auto first = read_panic(lines, i);
        if (!first || contains(first->error, "PoisonError")) continue;
        first->head = lines[i].text;
        first->error += " (it held a mutex, so that " + found->file + ":" +
                        std::to_string(found->line) + " fails by a PoisonError since then)";
        return first;
    }
    return found;
}

std::optional<Traceback> read_cpp(const TraceLines& lines, std::size_t at) {
    const std::string& text = lines[at].text;
    if (contains(text, ": runtime error: ")) return read_undefined_behaviour(lines[at]);
    auto found = contains(text, "Assertion ")         ? read_assertion(lines[at])
                 : contains(text, "terminate called") ? read_terminate(lines, at)
                 : contains(text, "Sanitizer: ")      ? read_sanitizer(lines, at)
                                                      : read_glibc(lines[at]);
    if (found) found->is_end = true;
    return found;
}

}  // namespace devstack::core::doctor
