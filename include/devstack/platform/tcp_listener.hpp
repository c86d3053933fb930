#pragma once

#include "devstack/base/port.hpp"
#include "devstack/base/result.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include <string>

namespace devstack::platform {

/// A TCP socket that listens on a numeric v4 or v6 address. It blocks, as programs expect that are
/// handed one. Fails with kind not_permitted for what only root may do, busy when somebody else
/// listens there, not_found when the address is not one of this machine.
Result<FileDescriptor> listen_tcp(const std::string& address, Port port);

/// Of a listening socket; the one that the kernel has chosen if it was asked for port 0.
Port local_port(const FileDescriptor& listener);

/// Whoever had it before may have changed that.
void make_blocking(int descriptor);

}  // namespace devstack::platform
