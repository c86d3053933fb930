#pragma once

#include "devstack/core/doctor/facts.hpp"

#include <set>
#include <string>
#include <vector>

namespace devstack::diagnosis {

/// Connections that somebody has not let go though their other end is gone. Which of them last is
/// told by looking twice: one that is about to be closed looks the same.
struct StuckConnections {
    std::set<std::string> close_wait;  ///< "local remote", as the kernel prints them.
    /// "pid inode": sockets whose connection was reset, and which no table of the kernel has any
    /// more.
    std::set<std::string> dead;

    bool is_empty() const { return close_wait.empty() && dead.empty(); }
};

/// Of all processes that `facts` know.
StuckConnections find_stuck(const core::doctor::Facts& facts);

/// Counts the connections to each listener of `facts`, by their state; of the stuck ones those that
/// were so `before` too.
void add_connections(const StuckConnections& before, core::doctor::Facts& facts);

/// Which of the ports, where nobody listens, are the near end of somebody's connection.
void add_outgoing(const std::set<int>& ports, core::doctor::Facts& facts);

/// Whose the connections are that databases and stores have told of: finds the services by the
/// ports of their ends. Comes after the dials and the processes.
void add_session_owners(core::doctor::Facts& facts);

/// The other end of a process' connection: "127.0.0.1:7529", for IPv6 "port 7529"; empty when the
/// descriptor is no TCP connection, or may not be seen.
std::string find_peer(int pid, int descriptor);

/// The other ends of all connections that the process holds and that are not to a port on which
/// somebody listens here for it: those that it has made itself.
std::vector<std::string> list_peers(int pid);

/// The process has no connection but those that others have made to it, by TCP or by Unix sockets.
bool talks_to_nobody(int pid);

}  // namespace devstack::diagnosis
