#pragma once

#include "devstack/project/load_plan.hpp"

#include <string>

namespace devstack::daemon {

/// What a daemon is started with; see the keeper protocol for the descriptors it inherits.
struct DaemonOptions {
    project::LoadRequest load;  ///< `environment` is filled in by the daemon itself.
    std::string state_dir;      ///< Where an earlier daemon would have left its ledger.
    bool frees_ports = false;   ///< Whoever holds a declared port is ended.
};

/// Serves a project until everything has been stopped. Reports "ready\n", or "error: …" with the
/// reason, through the report descriptor, and then closes it. Returns the process's exit code: 0
/// after a shutdown, 70 when it could not start.
int run_daemon(const DaemonOptions& options);

}  // namespace devstack::daemon
