#pragma once

#include "devstack/platform/file_descriptor.hpp"
#include "devstack/platform/spawn_request.hpp"

#include "original_state.hpp"
#include "spawn_memory.hpp"

#include <cstddef>
#include <cstdint>
#include <variant>

namespace devstack::keeper {

/// The spawn block, unchecked: in memory, or in a file of which the first `size` bytes count.
struct BlockSource {
    const char* bytes = nullptr;
    std::size_t size = 0;
    int memfd = -1;
};

/// What a child writes to its error pipe instead of reaching exec.
struct SpawnProblem {
    platform::SpawnStage stage{};
    std::int32_t error = 0;  ///< errno(3).
};

/// A child on its way to exec. Its error pipe does not block: a SpawnProblem comes out of it, or
/// its end, when exec has succeeded.
struct StartedChild {
    std::int32_t pid = 0;
    platform::FileDescriptor pidfd;
    platform::FileDescriptor standard_output;
    platform::FileDescriptor standard_error;
    platform::FileDescriptor error_pipe;
    SpawnMemory::Lease memory;  ///< Runs in there until its error pipe ends or it is reaped.
};

/// Starts a child in our own memory (CLONE_VM of clone(2)), which spares the copy of our page
/// tables, and never waits for exec, which runs on another core while the next child is made. Forks
/// when there is no room, or where sanitizers would take the child for a thread of ours.
std::variant<StartedChild, SpawnProblem> start_child(const OriginalState& original,
                                                     const BlockSource& source,
                                                     SpawnMemory& memory);

}  // namespace devstack::keeper
