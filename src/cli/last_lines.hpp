#pragma once

#include "devstack/cli/terminal.hpp"
#include "devstack/project/project_paths.hpp"

#include <cstddef>
#include <string>

namespace devstack::cli {

/// The last lines of a service's log, each on a line of its own; empty when there are none.
std::string render_last_lines(const project::ProjectPaths& paths,
                              const std::string& service,
                              std::size_t count,
                              const Terminal& terminal);

/// What a service that has failed said last, if anything: "the last lines of api:", then a few
/// lines of its log.
void complain_with_last_lines(const project::ProjectPaths& paths,
                              const std::string& service,
                              const Terminal& terminal);

}  // namespace devstack::cli
