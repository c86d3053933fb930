#pragma once

#include <string>

namespace devstack::daemon {

/// The daemon's own log from now on: `daemon.log` in the state directory, bounded. Without one, it
/// says so on standard error and goes on.
void open_own_log(const std::string& state_dir);

}  // namespace devstack::daemon
