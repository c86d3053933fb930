#pragma once

#include "devstack/base/result.hpp"
#include "devstack/base/time.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include <string>

namespace devstack::platform {

/// Holds flock(2) on a file that is made if need be; the lock goes with the descriptor. Waits for
/// another holder until the timeout, then fails with kind timed_out.
Result<FileDescriptor> lock_file(const std::string& path, Duration timeout);

}  // namespace devstack::platform
