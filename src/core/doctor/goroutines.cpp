#include "core/doctor/goroutines.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace devstack::core::doctor {

namespace {

bool is_library(std::string_view function) {
    constexpr std::array<std::string_view, 6> beginnings{
        "sync.", "internal/", "runtime.", "runtime/", "net/", "net."};
    return std::ranges::any_of(beginnings,
                               [&](std::string_view it) { return function.starts_with(it); });
}

/// "goroutine 34 [semacquire, 2 minutes]:", in newer dumps with more before the bracket.
std::optional<Goroutine> parse_head(std::string_view line) {
    constexpr std::string_view word = "goroutine ";
    if (!line.starts_with(word) || !line.ends_with("]:")) return std::nullopt;
    const auto bracket = line.find('[');
    const auto space = line.find(' ', word.size());
    if (bracket == line.npos || space > bracket) return std::nullopt;
    return Goroutine{std::string{line.substr(word.size(), space - word.size())},
                     std::string{line.substr(bracket + 1, line.size() - bracket - 3)},
                     {}};
}

/// "\t/src/admin.go:240 +0x1d": what is behind the number is left out.
bool parse_place(std::string_view line, GoFrame& frame) {
    const auto begin = line.find_first_not_of(" \t");
    const auto mark = line.find(".go:");
    if (begin == 0 || begin == line.npos || mark == line.npos) return false;
    const std::string_view path = line.substr(begin, mark + 3 - begin);
    frame.file = path.substr(path.rfind('/') + 1);
    const char* const digits = line.data() + mark + 4;
    return std::from_chars(digits, line.data() + line.size(), frame.line).ec == std::errc{};
}

}  // namespace

std::string GoFrame::text() const {
    return function + " (" + file + ":" + std::to_string(line) + ")";
}

bool Goroutine::waits_for_lock() const {
    return state.starts_with("semacquire") || state.starts_with("sync.");
}

std::vector<Goroutine> parse_goroutines(std::string_view dump) {
    std::vector<Goroutine> all;
    std::string function;
    while (!dump.empty()) {
        const std::size_t end = std::min(dump.find('\n'), dump.size());
        const std::string_view line = dump.substr(0, end);
        dump.remove_prefix(std::min(end + 1, dump.size()));
        if (auto head = parse_head(line)) {
            all.push_back(std::move(*head));
            function.clear();
            continue;
        }
        if (all.empty()) continue;
        GoFrame frame;
        if (!function.empty() && parse_place(line, frame)) {
            frame.function = function;
            if (!is_library(function)) all.back().frames.push_back(frame);
            function.clear();
        } else if (line.find('(') != line.npos && line[0] != '\t' && line[0] != ' ' &&
                   !line.starts_with("created by")) {
            function = line.substr(0, line.rfind('('));
        }
    }
    return all;
}

}  // namespace devstack::core::doctor
