#pragma once

#include "devstack/base/result.hpp"
#include "devstack/project/project_paths.hpp"

#include <string>
#include <vector>

namespace devstack::daemon {

// A project whose keeper and daemon were both killed: nobody looks after what it has started. The
// ledger that they leave names it, until the host is booted anew.

/// The services whose process still lives: "api (pid 7)". Empty when there are none, or when a
/// keeper lives.
std::vector<std::string> find_left_running(const project::ProjectPaths& paths);

/// Ends those, and whatever else carries the project's cookie, politely and then firmly, and
/// removes the ledger. Returns what was ended, for people; empty when there was nothing. Fails,
/// with what it was, when something is still there. Call with the project's lock held, so that
/// nobody starts it meanwhile. Blocks for up to limits::leftover_grace and a few seconds.
Result<std::string> end_left_running(const project::ProjectPaths& paths);

}  // namespace devstack::daemon
