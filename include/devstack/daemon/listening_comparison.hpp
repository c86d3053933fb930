#pragma once

#include "devstack/core/supervisor/input.hpp"
#include "devstack/daemon/run_processes.hpp"

#include <string>
#include <vector>

namespace devstack::daemon {

/// "Does this run listen where its plan says?"
struct ListeningQuestion {
    RunMark run;
    std::vector<Port> declared;
    bool is_ready = true;  ///< Else it may still come to listen, and only what it does counts.
};

/// Somebody else who listens on a declared port.
struct OtherListener {
    Port port;
    int pid = 0;  ///< 0: not ours to see.
    std::string command;
    bool is_devstack = false;  ///< It holds the socket for the service, which does not have it.
};

/// One sentence for each declared port that the service does not serve as declared; empty when all
/// is well. More ports than declared are fine. `own` are the sockets of the run's processes.
std::vector<std::string> find_listening_differences(
    const std::string& service,
    const std::vector<Port>& declared,
    const std::vector<platform::ListeningSocket>& own,
    const std::vector<OtherListener>& others);

/// The same for living runs, from one reading of processes and sockets; answers in the order of the
/// questions.
std::vector<core::ListeningCompared> compare_listening(
    const platform::Procfs& procfs,
    const ProjectMark& project,
    const std::vector<ListeningQuestion>& questions);

}  // namespace devstack::daemon
