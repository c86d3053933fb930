#pragma once

#include "devstack/platform/file_descriptor.hpp"

#include "child_table.hpp"
#include "holds.hpp"
#include "original_state.hpp"

#include <cstdint>

namespace devstack::keeper {

// The keeper becomes another program by execve(2): the same process, so that it stays the parent
// and subreaper of all, with the same descriptors. What it knows goes along in a memory file
// (memfd_create(2)) of fixed-size records, of which each says how large it is: a later version puts
// more at the end, and reads what an earlier one has written.

/// What the keeper knows besides its tables.
struct HandedOver {
    OriginalState original;
    std::int32_t daemon_pid = 0;
    std::int32_t channel = -1;  ///< A descriptor.
    std::int64_t daemon_started_ns = 0;
};

/// All that is needed to go on. No child may be on its way to exec, and no news may wait. Closed,
/// with errno, when the system refuses.
platform::FileDescriptor write_handover(const HandedOver& known,
                                        ChildTable& table,
                                        const Holds& holds);

/// Fills tables that are empty. False for what is no hand-over of a version that is known. The
/// descriptors that it names become ours, and end with the next exec.
bool read_handover(int file, HandedOver& known, ChildTable& table, Holds& holds);

/// Whether what the tables hold open stays open over exec.
void keep_over_exec(ChildTable& table, const Holds& holds, bool is_kept);
void keep_over_exec(int descriptor, bool is_kept);

}  // namespace devstack::keeper
