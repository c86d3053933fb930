#include "devstack/daemon/port_scanner.hpp"

#include "socket_holders.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace devstack::daemon {

namespace {

using core::PortHolder;
using platform::ListeningSocket;
using platform::Procfs;
using platform::SocketOwner;

struct HeldSocket {
    ListeningSocket socket;
    std::vector<int> pids;  ///< {0} when nobody visible holds it.
};

template <typename Wanted>
std::vector<HeldSocket> collect_held_sockets(const Procfs& procfs, Wanted is_wanted) {
    auto sockets = platform::collect_listening_sockets(procfs);
    std::erase_if(sockets, [&](const ListeningSocket& socket) { return !is_wanted(socket.port); });
    const auto holders = collect_holders(procfs, sockets);
    std::vector<HeldSocket> held;
    for (const ListeningSocket& socket : sockets) {
        std::vector<int> pids;
        for (const SocketOwner& holder : holders) {
            if (holder.inode == socket.inode) pids.push_back(holder.pid);
        }
        if (pids.empty()) pids.push_back(0);
        held.push_back({socket, std::move(pids)});
    }
    return held;
}

bool is_own(const std::vector<RunMark>& living,
            const std::optional<std::size_t>& run,
            core::RunId asking) {
    return run && living[*run].run == asking;
}

bool is_known(const std::vector<PortHolder>& holders, const PortHolder& holder) {
    return std::ranges::any_of(holders, [&](const PortHolder& other) {
        return other.port == holder.port && other.pid == holder.pid && other.user == holder.user;
    });
}

core::api::ListeningPort to_message(const PortHolder& holder) {
    return {holder.port.number,
            holder.address,
            holder.pid,
            holder.command,
            holder.user,
            holder.since,
            holder.working_dir,
            holder.service};
}

}  // namespace

std::vector<core::PortsScanned> collect_port_holders(const Procfs& procfs,
                                                     const ProjectMark& project,
                                                     const std::vector<RunMark>& living,
                                                     const std::vector<PortQuestion>& questions) {
    std::set<Port> wanted;
    for (const PortQuestion& question : questions)
        wanted.insert(question.ports.begin(), question.ports.end());
    std::vector<HeldSocket> held;
    if (!wanted.empty()) {
        held = collect_held_sockets(procfs, [&](Port port) { return wanted.contains(port); });
    }

    HolderDescriber describer{procfs, project, living};
    const auto append = [&](const HeldSocket& socket, core::PortsScanned& answer) {
        for (const int pid : socket.pids) {
            // What the keeper holds for a service is handed to it.
            const bool is_devstack = pid == project.keeper_pid || pid == project.daemon_pid;
            if (pid != 0 && is_devstack) continue;
            if (is_own(living, describer.find_run(pid), answer.run)) continue;
            PortHolder holder = describer.describe(socket.socket, pid);
            if (!is_known(answer.holders, holder)) answer.holders.push_back(std::move(holder));
        }
    };
    std::vector<core::PortsScanned> answers;
    for (const PortQuestion& question : questions) {
        core::PortsScanned& answer = answers.emplace_back(core::PortsScanned{question.run, {}});
        for (const Port port : question.ports) {
            for (const HeldSocket& socket : held) {
                if (socket.socket.port == port) append(socket, answer);
            }
        }
    }
    return answers;
}

std::vector<core::api::ListeningPort> collect_all_listeners(const Procfs& procfs,
                                                            const ProjectMark& project,
                                                            const std::vector<RunMark>& living,
                                                            std::optional<Port> port) {
    HolderDescriber describer{procfs, project, living};
    std::vector<core::api::ListeningPort> listeners;
    for (const HeldSocket& held :
         collect_held_sockets(procfs, [&](Port other) { return !port || other == *port; })) {
        for (const int pid : held.pids)
            listeners.push_back(to_message(describer.describe(held.socket, pid)));
    }
    const auto order = [](const core::api::ListeningPort& entry) {
        return std::tie(entry.port, entry.address, entry.pid);
    };
    std::ranges::sort(listeners, {}, order);
    listeners.erase(std::unique(listeners.begin(), listeners.end()), listeners.end());
    return listeners;
}

}  // namespace devstack::daemon
