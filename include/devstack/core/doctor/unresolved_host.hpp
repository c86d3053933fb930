#pragma once

#include <string>

namespace devstack::core::doctor {

/// "db.internal" of "getaddrinfo ENOTFOUND db.internal": the host that a line of a log says does
/// not resolve; empty: it says no such thing. In the words of libc's gai_strerror(3), Node.js,
/// libpq, Go, the JVM and Ruby.
std::string find_unresolved_host(const std::string& line);

}  // namespace devstack::core::doctor
