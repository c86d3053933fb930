#pragma once

#include "devstack/client/connection.hpp"
#include "devstack/project/project_paths.hpp"

namespace devstack::cli {

/// Whether the caller has the lock under which a project is started.
enum class StartLock { held, not_held };

/// Connects to the project's daemon. When that has died and its keeper lives, or while somebody
/// starts one, waits a moment for the next one. Fails with not_found or busy when nothing runs, and
/// with timed_out, and what to do, when the keeper lives and no daemon answers.
Result<client::Connection> reach_daemon(const project::ProjectPaths& paths,
                                        StartLock lock = StartLock::not_held);

/// Ends a project whose daemon does not come up: its keeper ends what is left. Waits for that.
Status end_keeper(const project::ProjectPaths& paths, Duration timeout);

}  // namespace devstack::cli
