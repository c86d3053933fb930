#pragma once

#include "devstack/core/api/ledger.hpp"
#include "devstack/daemon/survivors.hpp"

namespace devstack::daemon {

struct LeftoverReport {
    std::vector<LivingProcess> ended;
    std::vector<LivingProcess> still_there;  ///< Not ours to end, or in the kernel's hands.
};

/// Ends what an earlier devstack that was killed has left behind in this project, politely for
/// `grace`, then firmly. Blocks until they are gone or do not go. For `known` and `kept` see
/// collect_leftovers.
LeftoverReport end_leftovers(const platform::Procfs& procfs,
                             const ProjectMark& project,
                             Duration grace,
                             const std::vector<RunMark>& known = {},
                             const std::vector<RunMark>& kept = {});

/// Of the processes that a ledger names.
std::vector<RunMark> marks_of(const std::vector<core::api::LedgerProcess>& processes);

/// For people: "ended 2 processes that an earlier devstack had left behind: pid 7 (node a.js) …";
/// empty when there were none.
std::string describe(const LeftoverReport& report);

}  // namespace devstack::daemon
