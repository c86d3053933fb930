#pragma once

#include "devstack/base/port.hpp"
#include "devstack/base/result.hpp"

#include <string>
#include <string_view>

namespace devstack::core {

/// The parts of an http or https URL that a request is made of.
struct Url {
    bool is_tls = false;
    std::string host;  ///< IPv6 without brackets.
    Port port;         ///< 80 or 443 if there is none in the text.
    std::string target = "/";

    /// "http://localhost:3200", without a default port.
    std::string origin() const;
    bool operator==(const Url&) const = default;
};

/// Reads "http://localhost:3101/health?full=1". Fails (invalid) with a message that says what is
/// wrong; user names and passwords in URLs are refused.
Result<Url> parse_url(std::string_view text);

/// A host and a port: "localhost:5432", "[::1]:5432", ":5432" and "5432" (localhost).
struct HostAndPort {
    std::string host = "localhost";
    Port port;
    bool operator==(const HostAndPort&) const = default;
};

Result<HostAndPort> parse_host_and_port(std::string_view text);

/// With brackets around an IPv6 address: "[::1]:5432".
std::string render_host_and_port(const std::string& host, Port port);

}  // namespace devstack::core
