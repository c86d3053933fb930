#pragma once

#include "devstack/platform/file_descriptor.hpp"
#include "devstack/platform/spawn_request.hpp"

#include "original_state.hpp"

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
};

/// Forks, and never waits for exec, so that exec runs on another core while the next child is made.
std::variant<StartedChild, SpawnProblem> start_child(const OriginalState& original,
                                                     const BlockSource& source);

}  // namespace devstack::keeper
