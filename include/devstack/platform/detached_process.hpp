#pragma once

#include "devstack/base/result.hpp"

#include <string>
#include <vector>

namespace devstack::platform {

/// A program that goes on when we have ended: no terminal signals reach it once it has made a
/// session of its own, which it does itself.
struct DetachedProcess {
    std::vector<std::string> argv;
    /// Become descriptors 3, 4, … of the new process, in this order; -1 leaves a number closed.
    std::vector<int> descriptors;
    std::string output_file;  ///< Emptied first, then its stdout and stderr; made 0600.
};

/// Starts another program of PATH, which is on its own from then on: nothing of its output is seen,
/// and nobody waits for it. Success means that it was forked.
Status start_program_detached(const std::vector<std::string>& argv);

/// Starts this very program again, with other arguments. Success means that it was forked; whether
/// it works is for it to report.
Status start_own_program_detached(const DetachedProcess& process);

}  // namespace devstack::platform
