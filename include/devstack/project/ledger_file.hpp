#pragma once

#include "devstack/base/result.hpp"
#include "devstack/core/api/ledger.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace devstack::project {

/// What the daemons under one keeper have written down so far.
struct RecalledLedger {
    core::api::LedgerHeader header;
    std::vector<core::ServiceRecord> services;        ///< The last record of each.
    std::vector<core::api::LedgerProcess> processes;  ///< The last one of each service.
    bool is_shutting_down = false;
    std::uint32_t inputs = 0;  ///< The saved inputs in force, see saved_inputs.hpp.
    /// Of the last turn: it may not have got into the event journal.
    std::vector<core::api::EventMessage> last_events;
};

std::string ledger_path(const std::string& state_dir);

/// The identity of what runs now under this keeper; empty when there is no such process.
std::optional<core::api::LedgerHeader> identify_keeper(int keeper_pid);

/// True when the ledger is of this boot: only then its pids and times mean anything.
bool is_of_this_boot(const core::api::LedgerHeader& header);

/// Empty when there is none that can be read. A turn that is torn counts as not written.
std::optional<RecalledLedger> recall_ledger(const std::string& state_dir);

/// The pid of the keeper that the ledger names, if it lives: then the project runs, whether its
/// daemon answers or not.
std::optional<int> find_living_keeper(const std::string& state_dir);

}  // namespace devstack::project
