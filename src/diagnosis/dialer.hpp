#pragma once

#include "devstack/base/time.hpp"
#include "devstack/core/doctor/facts.hpp"
#include "devstack/core/probes/probe.hpp"

#include <string>
#include <vector>

namespace devstack::diagnosis {

/// What is to be dialled, with what must not get into the facts.
struct Endpoint {
    /// Says what to do: id, purpose, protocol, host, port, path, sent headers, timeout. Comes back
    /// with what came of it.
    core::doctor::DialFact fact;
    std::string method = "GET";  ///< GET, HEAD or OPTIONS: nothing that changes anything.
    std::string user;
    std::string password;
    std::string database;
    std::string options;   ///< Of a PostgreSQL, as the client would send them.
    std::string relation;  ///< Where is one of that name? Of a PostgreSQL.
    core::StatusSet expect;
    std::string body_contains;
    bool is_let_in = false;   ///< By a database; what is asked after that is not why it is dialled.
    bool asks_twice = false;  ///< On one connection; the answer is that to the first request.
    core::TlsMode tls = core::TlsMode::verify;
    std::string ca_file;
};

/// Dials all at once and returns what came of each, in their order, after `limit` at the latest.
/// Only asks: HTTP requests that change nothing, a database log-in that is ended at once, a PING.
std::vector<core::doctor::DialFact> dial_all(std::vector<Endpoint> endpoints, Duration limit);

/// Two redirects that lead to each other, and the like, are followed this far.
inline constexpr int redirects_max = 6;

}  // namespace devstack::diagnosis
