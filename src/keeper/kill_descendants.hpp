#pragma once

namespace devstack::keeper {

/// Kills and reaps all that descends from this process, a subreaper; for at most one second (a
/// process may hang in the kernel).
void kill_descendants();

}  // namespace devstack::keeper
