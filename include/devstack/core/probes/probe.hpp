#pragma once

#include "devstack/base/port.hpp"
#include "devstack/base/time.hpp"
#include "devstack/core/plan/command_line.hpp"

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace devstack::core {

/// HTTP status codes that count as success: "200-299", "200,404", "200-299,301".
struct StatusSet {
    std::vector<std::pair<int, int>> ranges = {{200, 299}};  ///< Inclusive on both ends.

    bool contains(int status) const;
    std::string text() const;  ///< The canonical form, as it would be written in a profile.
    bool operator==(const StatusSet&) const = default;
};

enum class TlsMode { verify, insecure };

/// GET a URL. Redirects are answers like any other: they are not followed.
struct UrlProbe {
    std::string url;  ///< As written, after interpolation: for people.
    bool is_tls = false;
    std::string host;  ///< Name or address literal, IPv6 without brackets. Also Host and SNI.
    Port port;
    std::string target = "/";  ///< Path and query.
    std::vector<std::pair<std::string, std::string>> headers;
    StatusSet expect;
    std::string body_contains;  ///< Empty: anything.
    std::string body_matches;   ///< ECMAScript regex, searched; empty: anything.
    TlsMode tls = TlsMode::verify;
    std::string ca_file;  ///< PEM bundle to trust instead of the system's; absolute; may be empty.

    bool operator==(const UrlProbe&) const = default;
};

/// Connect and close. For "localhost" both ::1 and 127.0.0.1 are tried; one that accepts is enough.
struct TcpProbe {
    std::string host = "localhost";
    Port port;

    bool operator==(const TcpProbe&) const = default;
};

/// Run a command in the service's directory and environment; exit code 0 is success.
struct CommandProbe {
    CommandLine command;

    bool operator==(const CommandProbe&) const = default;
};

using Probe = std::variant<UrlProbe, TcpProbe, CommandProbe>;

/// "GET http://localhost:3101/health", "connect to localhost:5432", "run pg_isready -h …".
std::string describe(const Probe& probe);

/// What a probe found. `detail` is for people and complete: "connection refused by 127.0.0.1:3101",
/// "status 503, wanted 200-299", "no answer within 2s (connected, request sent)".
struct ProbeOutcome {
    bool is_success = false;
    std::string detail;
    Duration latency{};
};

}  // namespace devstack::core
