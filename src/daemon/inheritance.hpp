#pragma once

#include "devstack/core/plan/plan.hpp"
#include "devstack/project/ledger_file.hpp"
#include "devstack/project/load_plan.hpp"

#include "daemon/orphans.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace devstack::daemon {

/// What an earlier daemon has left for us to go on with.
struct Inheritance {
    std::optional<project::RecalledLedger> recalled;  ///< Empty: we begin anew.
    std::vector<Orphan> orphans;  ///< What lives and is not the child of our keeper.
    bool is_keeper_new = false;   ///< What is recalled was written under one that has died.
    /// What was to become of the services of a devstack that was killed as a whole, by the profile
    /// that they run with; empty when there was none, or nobody can tell.
    std::optional<core::OnKeeperDeath> promise;
};

/// `load` is how the plan would be made if there is nothing to go on with.
Inheritance find_inheritance(const project::LoadRequest& load, const std::string& state_dir);

/// What devstack was doing here when it was killed as a whole, keeper and all; empty when it was
/// not, and after a reboot, which has ended everything.
std::optional<project::RecalledLedger> recall_killed(const std::string& state_dir);

/// Ends what was left behind by runs that are not taken over, since it is in the way of the next
/// ones. Says what it did; "" when there was nothing, and under the keeper of the daemon before.
std::string end_lost(const std::string& project_dir, const Inheritance& inheritance);

/// The profile and the env files that were in force, as they were then. Without them `load` stays
/// as it is: what is on disk now has to do.
void take_saved_inputs(project::LoadRequest& load,
                       const std::string& state_dir,
                       std::uint32_t number);

}  // namespace devstack::daemon
