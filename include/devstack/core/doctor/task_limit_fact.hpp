#pragma once

#include <string>
#include <vector>

namespace devstack::core::doctor {

/// A limit of processes and threads, by now reached or nearly so.
struct TaskLimitFact {
    std::string from;  ///< "/sys/fs/cgroup/…/pids.max", "ulimit -u of deploy".
    int limit = 0;
    int used = 0;
    std::vector<std::string> services;  ///< Below it; who has most of them comes first.
    int first_uses = 0;                 ///< What the first of them has.
};

}  // namespace devstack::core::doctor
