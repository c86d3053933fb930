#include "socket_holders.hpp"

#include "devstack/base/text.hpp"
#include "devstack/platform/clock.hpp"

#include <algorithm>

namespace devstack::daemon {

namespace {

using platform::ListeningSocket;
using platform::Procfs;
using platform::SocketOwner;

/// Forked workers share the sockets of the server that made them; killing one of them frees
/// nothing.
bool has_owner_above(const Procfs& procfs,
                     const SocketOwner& owner,
                     const std::vector<SocketOwner>& owners) {
    const auto process = platform::find_process(procfs, owner.pid);
    return process && std::ranges::any_of(owners, [&](const SocketOwner& other) {
               return other.inode == owner.inode && other.pid == process->parent;
           });
}

std::string render_since(const Procfs& procfs, int pid) {
    const auto started = platform::read_start_time(procfs, pid);
    return started ? platform::render_local_time(*started, platform::wall_now()) : std::string{};
}

}  // namespace

std::vector<SocketOwner> collect_holders(const Procfs& procfs,
                                         const std::vector<ListeningSocket>& sockets) {
    std::vector<std::uint64_t> inodes;
    for (const ListeningSocket& socket : sockets) {
        if (socket.inode != 0) inodes.push_back(socket.inode);
    }
    const auto owners = platform::find_socket_owners(procfs, inodes);
    std::vector<SocketOwner> holders;
    for (const SocketOwner& owner : owners) {
        const bool is_shared = std::ranges::count(owners, owner.inode, &SocketOwner::inode) > 1;
        if (!is_shared || !has_owner_above(procfs, owner, owners)) holders.push_back(owner);
    }
    return holders;
}

HolderDescriber::HolderDescriber(const Procfs& procfs,
                                 const ProjectMark& project,
                                 const std::vector<RunMark>& living)
    : procfs_{procfs}, project_{project}, living_{living} {}

core::PortHolder HolderDescriber::describe(const ListeningSocket& socket, int pid) {
    core::PortHolder holder = pid == 0 ? describe_ownerless(socket) : know(pid).holder;
    holder.port = socket.port;
    holder.address = socket.address;
    return holder;
}

std::optional<std::size_t> HolderDescriber::find_run(int pid) {
    return pid == 0 ? std::nullopt : know(pid).run;
}

const HolderDescriber::Known& HolderDescriber::know(int pid) {
    const auto [entry, is_new] = known_.try_emplace(pid);
    if (!is_new) return entry->second;
    const Kinship kinship = find_kinship(procfs_, project_, living_, pid);
    core::PortHolder& holder = entry->second.holder;
    holder.pid = pid;
    holder.command = sane_text(platform::read_program_name(procfs_, pid));
    holder.user = platform::read_user(procfs_, pid);
    holder.since = render_since(procfs_, pid);
    holder.working_dir = sane_text(platform::read_working_dir(procfs_, pid));
    holder.is_leftover = kinship.is_leftover;
    if (kinship.run) holder.service = living_[*kinship.run].service;
    entry->second.run = kinship.run;
    return entry->second;
}

/// Nobody visible holds the socket: either a process we may not look into, or really nobody.
core::PortHolder HolderDescriber::describe_ownerless(const ListeningSocket& socket) {
    core::PortHolder holder;
    const auto [entry, is_new] = can_see_.try_emplace(socket.user_id);
    if (is_new) entry->second = platform::can_see_descriptors_of(procfs_, socket.user_id);
    holder.is_teardown = socket.inode == 0 || entry->second;
    if (!holder.is_teardown) holder.user = platform::user_name(socket.user_id);
    return holder;
}

}  // namespace devstack::daemon
