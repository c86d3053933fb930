#pragma once

#include "devstack/core/api/messages.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include "cli/find_project.hpp"

namespace devstack::cli {

/// The project's own processes, held on to so that their end can be seen without mistake.
class ProjectProcesses {
public:
    explicit ProjectProcesses(const core::api::StateMessage& state);

    /// Waits until the daemon, or daemon and keeper, have ended; false when the time is over.
    bool await_daemon_end(Duration timeout) const;
    bool await_end(Duration timeout) const;

private:
    platform::FileDescriptor daemon_;
    platform::FileDescriptor keeper_;
};

/// True when the project's daemon is gone and has said before that nothing is left running: then
/// nobody needs to wait for it to come back, as after a crash of the daemon.
bool has_ended(const ProjectPlace& place);

}  // namespace devstack::cli
