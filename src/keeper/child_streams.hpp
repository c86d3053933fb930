#pragma once

#include "devstack/platform/file_descriptor.hpp"

#include "spawn_problem.hpp"

#include <cstdint>
#include <optional>

namespace devstack::keeper {

/// The three streams of a child: its own ends, closed on exec until they are in their places, and
/// ours.
struct ChildStreams {
    struct Stream {
        platform::FileDescriptor theirs;
        platform::FileDescriptor ours;
    };

    /// Nothing: the child reads /dev/null, as we do. Ours is held, so that input never ends.
    Stream input;
    /// Of a terminal, which is input and both outputs, theirs; ours is its master.
    Stream output;
    Stream error;  ///< With a terminal nobody writes to it, and it ends at once.
    bool is_terminal = false;

    /// `flags`: SpawnFlags of the keeper's protocol.
    std::optional<SpawnProblem> open(std::uint32_t flags);
};

}  // namespace devstack::keeper
