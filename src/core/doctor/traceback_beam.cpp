// Traces of Elixir: "** (MatchError) no match of right hand side value: …", and below it frames,
// "    (shop 0.1.0) lib/shop/cart.ex:12: Shop.Cart.total/1".

#include "core/doctor/picture.hpp"
#include "core/doctor/traceback_readers.hpp"

#include <algorithm>
#include <array>
#include <regex>

namespace devstack::core::doctor {

namespace {

/// Applications of Elixir and Erlang themselves, and those that most programs have as packages.
bool is_library(const std::string& application) {
    constexpr std::array<std::string_view, 26> names{
        "elixir",        "stdlib",   "kernel",      "mix",
        "iex",           "ex_unit",  "logger",      "compiler",
        "crypto",        "ssl",      "inets",       "phoenix",
        "phoenix_html",  "plug",     "plug_cowboy", "phoenix_live_view",
        "ecto",          "ecto_sql", "postgrex",    "myxql",
        "db_connection", "cowboy",   "bandit",      "thousand_island",
        "ranch",         "telemetry"};
    return std::ranges::find(names, std::string_view{application}) != names.end();
}

}  // namespace

std::optional<Traceback> read_elixir(const TraceLines& lines, std::size_t at) {
    static const std::regex head{R"(^\s*(?:.*\[error\] )?\*\* \(([A-Z][\w.]*)\) (.+)$)"};
    static const std::regex frame{
        R"(^\s+(?:\(([\w-]+)(?: [^)]*)?\) )?([\w./-]+\.(?:exs?|erl)):(\d+): (.+)$)"};
    static const std::regex any_frame{R"(^\s+(?:\([\w-]+(?: [^)]*)?\) |[\w./-]+\.exs?:\d+: ))"};
    std::smatch match;
    if (!std::regex_search(lines[at].text, match, head)) return std::nullopt;
    Traceback found;
    found.error = match[1].str() + ": " + match[2].str();
    found.time = lines[at].time;
    bool has_frames = false;
    const std::size_t end = std::min(lines.size(), at + trace_lines_max);
    // A message may have more lines than one.
    constexpr std::size_t message_lines_max = 12;
    for (std::size_t i = at + 1; i < end; ++i) {
        const std::string& text = lines[i].text;
        if (!std::regex_search(text, any_frame)) {
            if (has_frames || i > at + message_lines_max) break;
            continue;
        }
        has_frames = true;
        const bool is_place = std::regex_search(text, match, frame);
        if (!is_place || is_library(match[1].str()) || contains(match[2].str(), "deps/")) continue;
        found.file = match[2].str();
        found.line = to_line_number(match[3].str());
        const std::string function = match[4].str();
        if (!function.starts_with('(')) found.function = function;
        break;
    }
    return has_frames ? std::optional{found} : std::nullopt;
}

}  // namespace devstack::core::doctor
