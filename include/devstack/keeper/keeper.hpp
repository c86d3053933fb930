#pragma once

namespace devstack::keeper {

struct KeeperOptions {
    const char* daemon_program = nullptr;      ///< Path, for execve(2): "/proc/self/exe".
    const char* const* daemon_argv = nullptr;  ///< Ends with a null pointer.
    /// How this keeper was started: what it gives another program that it is to become, with the
    /// number of one descriptor more as the last word. Ends with a null pointer.
    const char* const* keeper_argv = nullptr;
    /// That descriptor; -1: this is no other program's successor.
    int handover_fd = -1;
    /// Handed to every daemon, see keeper_protocol.hpp; -1: /dev/null instead.
    int report_fd = -1;
    int lifeline_fd = -1;
};

/// Runs the keeper in this process, which must have been forked for it and have one thread: it
/// becomes leader of a session of its own and subreaper of all that descends from it, gives all
/// signals their default disposition, closes every descriptor but the standard ones and those of
/// the options, and reads /dev/null. The children and the daemon get the signal mask of the
/// caller, the children its file limit too.
///
/// As the successor of another program, in the process of a keeper, it goes on with what that one
/// has handed over, daemon and all.
///
/// Returns when all is over, with nothing that it started alive, the exit code for the process:
/// - that of the daemon, when it ended after its Farewell, or at the very first start before its
///   first Hello (it could not start up; 128 + signal if it was killed);
/// - 71 when the keeper itself can not have what it needs of the system;
/// - 70 when it was asked to end by a signal while no daemon can be got to work.
int run_keeper(const KeeperOptions& options);

}  // namespace devstack::keeper
