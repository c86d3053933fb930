#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace devstack::platform {

/// All that is needed to start a process: values only, in the terms of execve(2).
///
/// The child becomes the leader of a session and group of its own (setsid(2)), reads /dev/null,
/// writes to two pipes whose read ends come back with `Spawned`, and has the signal mask and file
/// limit that devstack itself was started with. All signals have their default disposition: one
/// that is ignored (nohup, a background job) could never stop it.
struct SpawnRequest {
    std::vector<std::string> argv;         ///< argv[0] is looked up in the child's own PATH.
    std::vector<std::string> environment;  ///< "NAME=value", complete.
    std::string working_dir;               ///< Absolute.
    /// Sent to the child when the keeper dies (PR_SET_PDEATHSIG); 0: none.
    int parent_death_signal = 0;
};

/// Where on the way from fork to exec a child was lost.
enum class SpawnStage : std::uint32_t {
    request,      ///< The request itself: too large, or nonsense.
    pipes,        ///< pipe2(2): descriptors.
    fork,         ///< fork(2): memory, processes.
    session,      ///< setsid(2).
    output,       ///< dup2(2) of the output pipes, or /dev/null.
    working_dir,  ///< chdir(2).
    exec,         ///< execve(2).
};

}  // namespace devstack::platform
