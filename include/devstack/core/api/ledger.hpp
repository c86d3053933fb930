#pragma once

#include "devstack/base/result.hpp"
#include "devstack/core/api/messages.hpp"
#include "devstack/core/supervisor/record.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What a daemon writes down so that the next one can go on: one header, then one line a turn.
namespace devstack::core::api {

/// Whose ledger it is. Times and pids in it mean nothing in another boot or under another keeper.
struct LedgerHeader {
    std::string boot_id;
    int keeper_pid = 0;
    std::uint64_t keeper_start_ticks = 0;
    std::string project;
    std::string started_at;  ///< When the first daemon under this keeper began, RFC 3339.

    bool operator==(const LedgerHeader&) const = default;
};

/// A process that was started for a run, so that it is never taken for another one (proc(5)): in
/// the boot of the header, its pid and start time are its own. It leads a session and a group of
/// that number.
struct LedgerProcess {
    std::string service;
    std::uint32_t run = 0;
    int pid = 0;
    std::uint64_t start_ticks = 0;
    /// Inodes of the pipes that its output goes to; 0: another kind of file.
    std::uint64_t output_pipe = 0;
    std::uint64_t error_pipe = 0;
    std::string cgroup = {};  ///< Its directory; empty: it has none of its own.

    bool operator==(const LedgerProcess&) const = default;
};

/// What one turn has changed, complete or not there at all: its events, and the services as they
/// are after it.
struct LedgerTurn {
    std::vector<EventMessage> events;
    std::vector<ServiceRecord> services;
    std::vector<LedgerProcess> processes;  ///< That have been born in it.
    bool is_shutting_down = false;
    std::uint32_t inputs = 0;  ///< The saved inputs whose plan is in force (Plan::number).
};

std::string to_text(const LedgerHeader& header);
Result<LedgerHeader> parse_ledger_header(std::string_view text);

std::string to_text(const ServiceRecord& record);
Result<ServiceRecord> parse_record(std::string_view text);

std::string to_text(const LedgerTurn& turn);
Result<LedgerTurn> parse_ledger_turn(std::string_view text);

}  // namespace devstack::core::api
