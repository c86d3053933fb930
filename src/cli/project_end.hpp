#pragma once

#include "cli/find_project.hpp"

namespace devstack::cli {

/// True when the project's daemon is gone and has said before that nothing is left running: then
/// nobody needs to wait for it to come back, as after a crash of the daemon.
bool has_ended(const ProjectPlace& place);

}  // namespace devstack::cli
