#pragma once

namespace devstack::cli {

/// What a script can tell from the exit code of any command.
enum ExitCode : int {
    exit_done = 0,
    exit_failed = 1,
    exit_usage = 2,  ///< Wrong usage, or mistakes in the profile.
    exit_not_running = 3,
    exit_no_such_service = 4,
    exit_bug = 70,  ///< EX_SOFTWARE of sysexits(3).
    exit_interrupted = 130,
};

}  // namespace devstack::cli
