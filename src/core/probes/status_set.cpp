#include "devstack/core/probes/status_set.hpp"

#include "devstack/base/text.hpp"

#include <algorithm>
#include <charconv>

namespace devstack::core {

namespace {

constexpr int lowest = 100;
constexpr int highest = 599;

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<int> read_status(std::string_view text) {
    int status = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, status);
    if (error != std::errc{} || rest != end || status < lowest || status > highest) {
        return std::nullopt;
    }
    return status;
}

std::optional<std::pair<int, int>> read_range(std::string_view text) {
    const auto dash = text.find('-');
    const std::optional<int> low = read_status(trim(text.substr(0, dash)));
    if (dash == std::string_view::npos) {
        return low ? std::optional{std::pair{*low, *low}} : std::nullopt;
    }
    const std::optional<int> high = read_status(trim(text.substr(dash + 1)));
    if (!low || !high || *low > *high) return std::nullopt;
    return std::pair{*low, *high};
}

std::vector<std::pair<int, int>> join_neighbours(std::vector<std::pair<int, int>> ranges) {
    std::sort(ranges.begin(), ranges.end());
    std::vector<std::pair<int, int>> joined;
    for (const auto& range : ranges) {
        if (!joined.empty() && range.first <= joined.back().second + 1) {
            joined.back().second = std::max(joined.back().second, range.second);
        } else {
            joined.push_back(range);
        }
    }
    return joined;
}

}  // namespace

Result<StatusSet> parse_status_set(std::string_view text) {
    std::vector<std::pair<int, int>> ranges;
    std::string_view rest = text;
    while (true) {
        const auto comma = rest.find(',');
        const std::optional<std::pair<int, int>> range = read_range(trim(rest.substr(0, comma)));
        if (!range) {
            return Error{Error::Kind::invalid,
                         "\"" + std::string{text} +
                             "\" is not a set of HTTP status codes: write codes and ranges from "
                             "100 to 599, such as \"200-299,404\""};
        }
        ranges.push_back(*range);
        if (comma == std::string_view::npos) break;
        rest = rest.substr(comma + 1);
    }
    return StatusSet{join_neighbours(std::move(ranges))};
}

bool StatusSet::contains(int status) const {
    return std::any_of(ranges.begin(), ranges.end(), [status](const auto& range) {
        return status >= range.first && status <= range.second;
    });
}

std::string StatusSet::text() const {
    std::vector<std::string> words;
    for (const auto& [low, high] : ranges) {
        words.push_back(low == high ? std::to_string(low)
                                    : std::to_string(low) + "-" + std::to_string(high));
    }
    return join(words, ",");
}

}  // namespace devstack::core
