#pragma once

#include "devstack/platform/keeper_protocol.hpp"

#include "spawn_problem.hpp"

#include <array>
#include <cstddef>
#include <optional>

namespace devstack::keeper {

/// What becomes 3, 4, … in the child.
struct PassedDescriptors {
    std::array<int, platform::keeper_protocol::passed_descriptors_max> numbers{};
    std::size_t count = 0;
};

// In the child, between fork and exec: only what is safe there.

/// Gives them their numbers, and lets exec pass them on. What else has these numbers is closed, as
/// exec would do; `error_pipe` moves out of the way, and has its new number also on failure.
std::optional<SpawnProblem> pass_descriptors(const PassedDescriptors& passed, int& error_pipe);

/// Writes the child's pid in the place of what follows LISTEN_PID=, if there is room for any pid.
void write_listen_pid(char** environment);

}  // namespace devstack::keeper
