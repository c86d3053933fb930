#pragma once

#include "devstack/base/result.hpp"
#include "devstack/core/api/ledger.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include <cstdint>
#include <string>

namespace devstack::daemon {

/// Writes down each turn of the supervisor before it is carried out, so that the next daemon can
/// go on (see project/ledger_file.hpp). A turn is one line, written in one call: it is there whole
/// or it does not count. Nothing is synced: what it is good for does not outlive the boot.
class Ledger {
public:
    /// Writes nothing yet: `replace` comes first, in place of whatever there is.
    Ledger(const std::string& state_dir, core::api::LedgerHeader header);

    /// On failure (disk full) the turn is not in it, and what it says of those services is old
    /// until `replace` has succeeded.
    Status add(const core::api::LedgerTurn& turn);
    /// True when it has grown so big, or has missed a turn, that it should be replaced.
    bool is_to_be_replaced() const;
    /// By one that knows `state` alone: all services.
    Status replace(const core::api::LedgerTurn& state);
    /// All is over: there is nothing to go on with.
    void remove();

private:
    std::string path_;
    core::api::LedgerHeader header_;
    platform::FileDescriptor file_;
    std::uint64_t size_ = 0;
    bool has_missed_ = true;
};

}  // namespace devstack::daemon
