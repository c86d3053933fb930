#pragma once

#include "cli/find_project.hpp"

#include <cstddef>
#include <string>

namespace devstack::cli {

/// The last lines of a service's log, each on a line of its own; empty when there are none.
std::string render_last_lines(const ProjectPlace& place,
                              const std::string& service,
                              std::size_t count,
                              const Terminal& terminal);

}  // namespace devstack::cli
