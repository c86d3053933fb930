#pragma once

#include "devstack/cli/terminal.hpp"
#include "devstack/core/logs/log_line.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace devstack::cli {

/// How lines of several services are to be shown in one column.
struct LogLook {
    std::size_t prefix_width = 0;  ///< Of the longest service name; 0: no prefix at all.
    bool has_timestamps = false;   ///< RFC 3339 before the text.
    bool has_colour = false;
};

/// The width that makes the names of all `services` line up, within reason.
std::size_t prefix_width_for(const std::vector<std::string>& services);

/// The same service has the same colour, today and tomorrow.
Style style_of_service(std::string_view service);

/// One line, without its end: "api      | listening on 3101". A part of a longer line begins with
/// "+" instead of "|"; the mark is red for standard error. What could harm a terminal is taken out
/// of the text.
std::string render_log_line(const core::LogLine& line, const LogLook& look);
/// "api      | ... 1.5 MiB of older output has been removed ...".
std::string render_log_gap(const core::LogGap& gap, const LogLook& look);

/// Calls `show` with each line and each gap of an answer, in their order.
template <typename Show>
void for_each_in_order(const std::vector<core::LogLine>& lines,
                       const std::vector<core::LogGap>& gaps,
                       Show show) {
    auto gap = gaps.begin();
    for (std::size_t i = 0; i <= lines.size(); ++i) {
        for (; gap != gaps.end() && (gap->lines_before <= i || i == lines.size()); ++gap)
            show(*gap);
        if (i < lines.size()) show(lines[i]);
    }
}

}  // namespace devstack::cli
