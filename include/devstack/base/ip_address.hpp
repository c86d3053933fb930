#pragma once

#include <string>

namespace devstack {

/// True for a numeric v4 or v6 address as inet_pton(3) takes it, without brackets.
bool is_ip_address(const std::string& text);

/// True for 127.0.0.0/8 and ::1; false for what is no address.
bool is_loopback(const std::string& address);

}  // namespace devstack
