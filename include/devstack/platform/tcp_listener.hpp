#pragma once

#include "devstack/base/port.hpp"
#include "devstack/base/result.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include <string>

namespace devstack::platform {

/// Listens on a numeric address, non-blocking, with SO_REUSEADDR (socket(7)): a port in TIME_WAIT
/// is free. Fails with busy when somebody listens there, not_permitted (a port below 1024), invalid
/// (not an address), or system.
Result<FileDescriptor> listen_tcp(const std::string& address, Port port);

/// True for 127.0.0.0/8 and ::1.
bool is_loopback(const std::string& address);

}  // namespace devstack::platform
