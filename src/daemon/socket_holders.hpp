#pragma once

#include "devstack/core/supervisor/run.hpp"
#include "devstack/daemon/run_processes.hpp"

#include <map>
#include <optional>
#include <vector>

namespace devstack::daemon {

/// Which process holds which listening socket. Of processes that share one (a server and its
/// workers), the one above the others is the holder.
std::vector<platform::SocketOwner> collect_holders(
    const platform::Procfs& procfs, const std::vector<platform::ListeningSocket>& sockets);

/// Finds out all about the holders of sockets; each process is looked at once.
class HolderDescriber {
public:
    HolderDescriber(const platform::Procfs& procfs,
                    const ProjectMark& project,
                    const std::vector<RunMark>& living);

    /// `pid` is 0 when nobody visible holds the socket.
    core::PortHolder describe(const platform::ListeningSocket& socket, int pid);
    /// Index of the living run to which the process belongs.
    std::optional<std::size_t> find_run(int pid);

private:
    struct Known {
        core::PortHolder holder;
        std::optional<std::size_t> run;
    };
    const Known& know(int pid);
    core::PortHolder describe_ownerless(const platform::ListeningSocket& socket);

    const platform::Procfs& procfs_;
    const ProjectMark& project_;
    const std::vector<RunMark>& living_;
    std::map<int, Known> known_;
    std::map<unsigned, bool> can_see_;
};

}  // namespace devstack::daemon
