#pragma once

#include "devstack/base/result.hpp"

#include "daemon/state_view.hpp"

namespace devstack::daemon {

/// Writes what is known of an unplanned end to `crashes/SERVICE-TIME.txt`: the state, and the last
/// lines that the service wrote. The oldest of a service go when there are more than twenty.
Status write_crash_record(const project::ProjectPaths& paths,
                          const core::api::ServiceState& state,
                          const Instant& instant);

}  // namespace devstack::daemon
