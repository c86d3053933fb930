#pragma once

#include "devstack/platform/spawn_request.hpp"

#include <cstdint>

namespace devstack::keeper {

/// What a child writes to its error pipe instead of reaching exec.
struct SpawnProblem {
    platform::SpawnStage stage{};
    std::int32_t error = 0;  ///< errno(3).
};

}  // namespace devstack::keeper
