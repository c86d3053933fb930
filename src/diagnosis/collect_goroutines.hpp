#pragma once

#include "devstack/base/time.hpp"
#include "devstack/core/doctor/facts.hpp"

#include "diagnosis/go_stacks.hpp"

#include <vector>

namespace devstack::diagnosis {

/// Goroutines that are at the same place at both looks, grouped by it, and how many run or have
/// gone on.
std::vector<core::doctor::GoroutineFact> compare_goroutines(int pid,
                                                            const Goroutines& before,
                                                            const Goroutines& after);

/// The connections that a process has made to others, by whom they lead to.
std::vector<core::doctor::PeerFact> count_peers(int pid);

}  // namespace devstack::diagnosis
