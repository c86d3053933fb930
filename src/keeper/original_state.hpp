#pragma once

#include <csignal>

#include <sys/resource.h>

namespace devstack::keeper {

/// What the keeper changes of itself and gives back to those it starts.
struct OriginalState {
    sigset_t signal_mask{};
    rlimit file_limit{};

    // For this process. Raw system calls: a child may still share its parent's memory.
    void restore_signal_mask() const;
    void restore_file_limit() const;
};

/// Makes this process fit to be a keeper, see run_keeper(). False when the system refuses.
bool become_keeper(OriginalState& original, int report_fd, int lifeline_fd);

}  // namespace devstack::keeper
