#pragma once

#include "devstack/platform/file_descriptor.hpp"

#include "child_descriptors.hpp"
#include "original_state.hpp"
#include "spawn_memory.hpp"
#include "spawn_problem.hpp"

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

/// A child on its way to exec. Its error pipe does not block: a SpawnProblem comes out of it, or
/// its end, when exec has succeeded.
struct StartedChild {
    std::int32_t pid = 0;
    platform::FileDescriptor pidfd;
    platform::FileDescriptor standard_input;  ///< Held open for it, if it asks for that.
    platform::FileDescriptor standard_output;
    platform::FileDescriptor standard_error;
    platform::FileDescriptor error_pipe;
    SpawnMemory::Lease memory;  ///< Runs in there until its error pipe ends or it is reaped.
};

/// Starts a child in our own memory (CLONE_VM of clone(2)), which spares the copy of our page
/// tables, and never waits for exec, which runs on another core while the next child is made. Forks
/// when there is no room, where it would change what we share (decisions/0008), or where sanitizers
/// would take the child for a thread of ours. `flags`: SpawnFlags of the protocol.
std::variant<StartedChild, SpawnProblem> start_child(const OriginalState& original,
                                                     const BlockSource& source,
                                                     std::uint32_t flags,
                                                     const PassedDescriptors& passed,
                                                     SpawnMemory& memory);

}  // namespace devstack::keeper
