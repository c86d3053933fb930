#pragma once

#include "devstack/base/result.hpp"
#include "devstack/platform/file_descriptor.hpp"
#include "devstack/platform/procfs.hpp"

#include <cstdint>

namespace devstack::platform {

/// A descriptor of exactly this process (pidfd_open(2)); it becomes readable when the process ends.
/// Fails with not_found when it has ended already, also if its pid was given to another one.
Result<FileDescriptor> open_process(const Procfs& procfs, int pid, std::uint64_t start_ticks);

}  // namespace devstack::platform
