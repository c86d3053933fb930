#include "devstack/base/text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

namespace devstack {

namespace {

std::string lower(std::string_view text) {
    std::string result{text};
    for (char& c : result) {
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return result;
}

/// Optimal string alignment: insertions, deletions, replacements, swaps of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> rows(a.size() + 1,
                                               std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                rows[i][j] = i + j;
                continue;
            }
            const std::size_t replaced = rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            rows[i][j] = std::min({rows[i - 1][j] + 1, rows[i][j - 1] + 1, replaced});
            const bool is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (is_swap) rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
        }
    }
    return rows[a.size()][b.size()];
}

/// Names are short; what is longer is not a misspelt name.
constexpr std::size_t guessed_length_max = 64;

bool is_shell_safe(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view{"_@%+=:,./-"}.find(c) != std::string_view::npos;
}

bool is_vowel(char c) {
    return std::string_view{"aeiou"}.find(c) != std::string_view::npos;
}

std::string plural_of(std::string_view noun) {
    const auto ends_with = [&](std::string_view end) { return noun.ends_with(end); };
    std::string word{noun};
    if (ends_with("s") || ends_with("x") || ends_with("ch") || ends_with("sh")) return word + "es";
    if (ends_with("y") && noun.size() > 1 && !is_vowel(noun[noun.size() - 2])) {
        word.pop_back();
        return word + "ies";
    }
    return word + "s";
}

}  // namespace

std::optional<std::string> closest_match(std::string_view typed,
                                         const std::vector<std::string>& candidates) {
    std::optional<std::string> best;
    std::size_t best_distance = 0;
    if (typed.empty() || typed.size() > guessed_length_max) return best;
    for (const std::string& candidate : candidates) {
        const std::size_t length = std::max(typed.size(), candidate.size());
        if (length > guessed_length_max) continue;
        const std::size_t distance = edit_distance(lower(typed), lower(candidate));
        if (distance > length / 3 || (best && distance >= best_distance)) continue;
        best = candidate;
        best_distance = distance;
    }
    return best;
}

std::string did_you_mean(std::string_view typed, const std::vector<std::string>& candidates) {
    const std::optional<std::string> match = closest_match(typed, candidates);
    return match ? " (did you mean `" + *match + "`?)" : "";
}

std::string join_for_people(const std::vector<std::string>& words) {
    if (words.empty()) return "nothing";
    std::string text = words.front();
    for (std::size_t i = 1; i < words.size(); ++i) {
        text += i + 1 == words.size() ? " and " : ", ";
        text += words[i];
    }
    return text;
}

std::string join(const std::vector<std::string>& words, std::string_view separator) {
    return fmt::format("{}", fmt::join(words, separator));
}

std::string count_of(std::size_t count, std::string_view noun) {
    return std::to_string(count) + " " + (count == 1 ? std::string{noun} : plural_of(noun));
}

std::string render_bytes(std::uint64_t bytes) {
    constexpr std::array<std::string_view, 6> units{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) return std::to_string(bytes) + " B";
    double value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (value >= 1023.5 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    std::string number = fmt::format("{:.{}f}", value, decimals);
    if (decimals > 0) {
        number.erase(number.find_last_not_of('0') + 1);
        if (number.back() == '.') number.pop_back();
    }
    return number + " " + std::string{units[unit]};
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    std::string_view unit{parsed.ptr, static_cast<std::size_t>(end - parsed.ptr)};
    unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
    std::uint64_t factor = 1;
    for (const std::string_view known : {"KiB", "MiB", "GiB", "TiB"}) {
        factor *= 1024;
        const bool fits = number <= UINT64_MAX / factor;
        if (parsed.ec == std::errc{} && unit == known && fits) return number * factor;
    }
    return Error{
        Error::Kind::invalid,
        fmt::format("\"{}\" is not a size: write a whole number with a unit, KiB, MiB, GiB "
                    "or TiB, such as \"500MiB\"",
                    text)};
}

std::string shell_quote(std::string_view word) {
    if (!word.empty() && std::all_of(word.begin(), word.end(), is_shell_safe)) {
        return std::string{word};
    }
    std::string quoted = "'";
    for (const char c : word) {
        if (c == '\'') {
            quoted += "'\\''";
        } else {
            quoted += c;
        }
    }
    return quoted + "'";
}

std::string shorten(std::string text, std::size_t bytes_max) {
    constexpr std::string_view ellipsis = "…";
    if (text.size() <= bytes_max) return text;
    std::size_t size = bytes_max - std::min(bytes_max, ellipsis.size());
    const auto is_inside_character = [&] {
        return (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U;
    };
    while (size > 0 && is_inside_character())
        --size;
    text.resize(size);
    return text.append(ellipsis);
}

std::string replace_all(std::string text, std::string_view what, std::string_view by) {
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
    return text;
}

}  // namespace devstack
