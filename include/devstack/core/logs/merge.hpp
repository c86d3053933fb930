#pragma once

#include "devstack/core/logs/log_line.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace devstack::core {

/// The line to show next when each service offers one or none: the oldest; of equally old ones the
/// first. So lines come by time, and in order within each service even when the clock was set back.
std::optional<std::size_t> find_oldest(const std::vector<std::optional<LogLine>>& offers);

/// The last `count` lines of all, merged by that rule.
std::vector<LogLine> merge_last(std::vector<std::vector<LogLine>> services, std::size_t count);

}  // namespace devstack::core
