#pragma once

#include "devstack/core/doctor/facts.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace devstack::diagnosis {

/// The kernel's tables of TCP sockets, proc_net_tcp(5), read once. They may have tens of thousands
/// of lines, and the kernel walks through all of its own for each reading: keep it where several
/// questions are asked of the same moment.
class TcpTable {
public:
    struct Entry {
        std::string_view local;  ///< As the kernel prints it: "0100007F:1F90".
        std::string_view remote;
        std::string_view state;  ///< "01" established, "08" close-wait, "0A" listening.
        bool has_unread = false;
        std::uint64_t inode = 0;  ///< 0: no process has it any more.
        int port = 0;             ///< The local one.
    };

    TcpTable();
    TcpTable(const TcpTable&) = delete;
    TcpTable& operator=(const TcpTable&) = delete;

    const std::vector<Entry>& entries() const { return entries_; }

private:
    std::vector<std::string> texts_;  ///< Into which the entries point.
    std::vector<Entry> entries_;
};

/// Connections that somebody has not let go though their other end is gone. Which of them last is
/// told by looking twice: one that is about to be closed looks the same.
struct StuckConnections {
    struct DeadSocket {
        int pid = 0;
        std::string descriptor;  ///< Its path below /proc.
        std::uint64_t inode = 0;
    };

    std::set<std::string> close_wait;  ///< "local remote", as the kernel prints them.
    /// Their connections were reset, and no table of the kernel has them any more.
    std::vector<DeadSocket> dead;
    std::map<int, int> established;  ///< How many connections each local port has.
};

/// Of all processes that `facts` know.
StuckConnections find_stuck(const TcpTable& table, const core::doctor::Facts& facts);

/// Counts the connections to each listener of `facts`, by their state; of the stuck ones those that
/// were so `before` too.
void add_connections(const StuckConnections& before, core::doctor::Facts& facts);

/// Which of the ports, where nobody listens, are the near end of somebody's connection.
void add_outgoing(const TcpTable& table, const std::set<int>& ports, core::doctor::Facts& facts);

/// Whose the connections are that databases and stores have told of: finds the services by the
/// ports of their ends. Comes after the dials and the processes.
void add_session_owners(core::doctor::Facts& facts);

/// The other end of a process' connection: "127.0.0.1:7529", for IPv6 "port 7529"; empty when the
/// descriptor is no TCP connection, or may not be seen.
std::string find_peer(const TcpTable& table, int pid, int descriptor);

/// The other ends of all connections that the process holds and that are not to a port on which
/// somebody listens here for it: those that it has made itself.
std::vector<std::string> list_peers(int pid);

/// The process has no connection but those that others have made to it, by TCP or by Unix sockets.
bool talks_to_nobody(int pid);

}  // namespace devstack::diagnosis
