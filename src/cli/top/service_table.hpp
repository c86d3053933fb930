#pragma once

#include "devstack/core/api/messages.hpp"

#include "cli/top/frame.hpp"

#include <cstddef>
#include <vector>

namespace devstack::cli {

/// What part of the services is to be seen.
struct TableWindow {
    std::size_t first = 0;
    std::size_t rows = 0;
    std::size_t selected = 0;
    std::size_t width = 80;
};

/// A line of titles, then a row for each service in the window. Columns keep their width while one
/// scrolls. Where there is little room, what is least missed goes first: process, uptime, failures
/// of the probe; the reason has what is left.
std::vector<FrameLine> draw_services(const std::vector<core::api::ServiceState>& services,
                                     const TableWindow& window);

}  // namespace devstack::cli
