#pragma once

#include "devstack/core/doctor/facts.hpp"

#include <map>
#include <string>

// The ports of this machine that logs complain of.
namespace devstack::core::doctor {

/// The number that a text begins with; 0: with none.
int to_port(const std::string& text);

/// The port that a line of a log says to be in use; 0: it says no such thing, or not which.
int port_in_use(const std::string& line);

/// "waiting for db:5432", "Waiting for database on port 5432": the port that a line names for which
/// somebody waits; 0: it tells of no such thing.
int awaited_port(const std::string& line);

/// A request to this machine that a client has given up, as its log tells.
struct GivenUp {
    int port = 0;
    std::string url;
};
/// Port 0: the line tells of none.
GivenUp find_given_up(const std::string& line);
/// The line tells that something took too long, of whatever.
bool tells_timeout(const std::string& line);

/// Connections that a log says were refused.
struct Refusal {
    int count = 0;
    const LineFact* last = nullptr;  ///< Of the log.
    std::string scheme;  ///< What the client wanted there, by its own words; empty: unknown.
};
/// By port. Of this machine alone: of others it is not known who listens.
std::map<int, Refusal> find_refusals(const LogFact& log);

}  // namespace devstack::core::doctor
