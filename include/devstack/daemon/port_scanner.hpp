#pragma once

#include "devstack/core/api/messages.hpp"
#include "devstack/core/supervisor/input.hpp"
#include "devstack/daemon/run_processes.hpp"

#include <optional>
#include <string>
#include <vector>

namespace devstack::daemon {

/// "Who listens where this run wants to listen?"
struct PortQuestion {
    core::RunId run;
    std::vector<Port> ports;
};

/// Answers all questions, in their order, from one reading of the socket tables. `living` are the
/// project's runs that live now.
///
/// A holder is a TCP socket that listens on the port, on any address, v4 or v6, unless it is the
/// asking run's own, or held by devstack itself for a service; one for each port and process. Of
/// processes that share a socket the one that made it is named. The answer may be stale when it
/// arrives.
std::vector<core::PortsScanned> collect_port_holders(const platform::Procfs& procfs,
                                                     const ProjectMark& project,
                                                     const std::vector<RunMark>& living,
                                                     const std::vector<PortQuestion>& questions);

/// Every listening socket of this host, or those on `port` alone, by port and address; one entry
/// for each process and address.
std::vector<core::api::ListeningPort> collect_all_listeners(
    const platform::Procfs& procfs,
    const ProjectMark& project,
    const std::vector<RunMark>& living,
    std::optional<Port> port = std::nullopt);

}  // namespace devstack::daemon
