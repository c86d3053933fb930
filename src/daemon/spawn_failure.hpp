#pragma once

#include "devstack/platform/spawn_request.hpp"

#include <string>

namespace devstack::daemon {

/// Why a process could not be started, for people, and whether trying again can help.
struct SpawnFailure {
    std::string message;  ///< "cannot enter directory apps/api: no such file or directory".
    bool is_permanent = true;
};

/// `project_dir`: paths below it are shown relatively.
SpawnFailure describe_spawn_failure(const platform::SpawnRequest& request,
                                    platform::SpawnStage stage,
                                    int error,
                                    const std::string& project_dir);

}  // namespace devstack::daemon
