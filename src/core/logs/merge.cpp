#include "devstack/core/logs/merge.hpp"

#include <algorithm>
#include <utility>

namespace devstack::core {

std::optional<std::size_t> find_oldest(const std::vector<std::optional<LogLine>>& offers) {
    std::optional<std::size_t> oldest;
    for (std::size_t i = 0; i < offers.size(); ++i) {
        if (!offers[i]) continue;
        if (!oldest || offers[i]->time < offers[*oldest]->time) oldest = i;
    }
    return oldest;
}

std::vector<LogLine> merge_last(std::vector<std::vector<LogLine>> services, std::size_t count) {
    std::vector<std::optional<LogLine>> offers(services.size());
    std::vector<std::size_t> next(services.size(), 0);
    std::size_t total = 0;
    const auto offer = [&](std::size_t i) {
        offers[i].reset();
        if (next[i] < services[i].size()) offers[i] = std::move(services[i][next[i]++]);
    };
    for (std::size_t i = 0; i < services.size(); ++i) {
        total += services[i].size();
        offer(i);
    }
    std::vector<LogLine> merged;
    std::size_t skipped = 0;
    while (const auto oldest = find_oldest(offers)) {
        if (total - skipped > count) {
            ++skipped;
        } else {
            merged.push_back(std::move(*offers[*oldest]));
        }
        offer(*oldest);
    }
    return merged;
}

}  // namespace devstack::core
