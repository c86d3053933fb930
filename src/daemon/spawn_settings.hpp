#pragma once

#include "devstack/core/plan/process_settings.hpp"
#include "devstack/platform/spawn_request.hpp"

namespace devstack::daemon {

/// The plan's words in those of the kernel.
platform::SpawnSettings make_spawn_settings(const core::ProcessSettings& settings);

/// The same for a command that asks how the service is: as the same user with the same rights, but
/// neither in a terminal nor with an input of its own.
platform::SpawnSettings make_probe_settings(const core::ProcessSettings& settings);

}  // namespace devstack::daemon
