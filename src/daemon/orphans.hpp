#pragma once

#include "devstack/core/api/ledger.hpp"
#include "devstack/daemon/keeper_link.hpp"
#include "devstack/platform/procfs.hpp"
#include "devstack/project/ledger_file.hpp"

#include <string>
#include <vector>

namespace devstack::daemon {

/// The living leader of a run that was born under a keeper which has died.
struct Orphan {
    core::api::LedgerProcess identity;
    KeeperSpawned process;  ///< All descriptors are open.
};

/// Of the runs that the ledger takes for alive, those that are: by pid and start time, and where it
/// was killed before it could write those down, by the cookie in the environment of a session's
/// leader. The ledger is of this boot.
///
/// What the processes write is read on from the pipes that they hold; where that can not be done
/// (a terminal, output that was redirected since), it has ended.
std::vector<Orphan> find_orphans(const platform::Procfs& procfs,
                                 const std::string& project_dir,
                                 const project::RecalledLedger& ledger);

}  // namespace devstack::daemon
