#include "devstack/daemon/listening_comparison.hpp"

#include "devstack/base/text.hpp"

#include "socket_holders.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace devstack::daemon {

namespace {

using platform::ListeningSocket;
using platform::Procfs;

std::vector<ListeningSocket> on_port(const std::vector<ListeningSocket>& sockets, Port port) {
    std::vector<ListeningSocket> found;
    std::ranges::copy_if(sockets, std::back_inserter(found), [&](const ListeningSocket& socket) {
        return socket.port == port;
    });
    return found;
}

/// The ports that are open but not declared: where the service went instead.
std::string render_undeclared(const std::vector<ListeningSocket>& own,
                              const std::vector<Port>& declared) {
    std::set<Port> undeclared;
    for (const ListeningSocket& socket : own) {
        if (std::ranges::find(declared, socket.port) == declared.end())
            undeclared.insert(socket.port);
    }
    std::vector<std::string> words;
    words.reserve(undeclared.size());
    for (const Port port : undeclared)
        words.push_back(to_string(port));
    return join_for_people(words);
}

/// Container runtimes listen on behalf of what they publish: there the port is served as declared.
bool is_container_proxy(const std::string& command) {
    static constexpr std::array proxies = {"docker-proxy",
                                           "rootlesskit",
                                           "rootlessport",
                                           "conmon",
                                           "pasta",
                                           "pasta.avx2",
                                           "slirp4netns",
                                           "containerd-shim"};
    return std::ranges::find(proxies, command) != proxies.end();
}

std::optional<std::string> find_absence(const std::string& service,
                                        Port port,
                                        const std::vector<OtherListener>& others,
                                        const std::string& undeclared) {
    const auto other = std::ranges::find(others, port, &OtherListener::port);
    if (other == others.end()) {
        return service + " declared port " + to_string(port) + " and listens on " + undeclared;
    }
    if (other->is_devstack) {
        return service + " was handed the socket of port " + to_string(port) +
               " and has closed it: nobody answers there";
    }
    if (other->pid == 0 || is_container_proxy(other->command)) return std::nullopt;
    return service + " declared port " + to_string(port) + ", but " + other->command + " (pid " +
           std::to_string(other->pid) + ") listens there";
}

/// Clients of this machine come over 127.0.0.1, or over ::1 with 127.0.0.1 as their second try:
/// what does not answer there is found by some of them only.
std::optional<std::string> find_narrowness(const std::string& service,
                                           Port port,
                                           const std::vector<ListeningSocket>& sockets) {
    std::set<std::string> addresses;
    for (const ListeningSocket& socket : sockets) {
        const bool is_reachable =
            socket.is_wildcard() || (socket.is_loopback() && !socket.is_ipv6());
        if (is_reachable) return std::nullopt;
        addresses.insert(socket.address);
    }
    return service + " listens on " + join_for_people({addresses.begin(), addresses.end()}) +
           " only: clients that connect to 127.0.0.1:" + to_string(port) + " are refused";
}

struct Owned {
    std::vector<ListeningSocket> own;
    std::vector<OtherListener> others;
};

Owned divide(const Procfs& procfs,
             const std::vector<Port>& declared,
             const std::vector<ListeningSocket>& sockets,
             const std::vector<platform::SocketOwner>& owners,
             const std::set<int>& tree,
             const ProjectMark& project) {
    Owned divided;
    for (const ListeningSocket& socket : sockets) {
        int stranger = 0;
        bool is_own = false;
        for (const auto& owner : owners) {
            if (owner.inode != socket.inode) continue;
            is_own = is_own || tree.contains(owner.pid);
            if (stranger == 0) stranger = owner.pid;
        }
        const bool is_declared = std::ranges::find(declared, socket.port) != declared.end();
        if (is_own) {
            divided.own.push_back(socket);
        } else if (is_declared) {
            const std::string command =
                stranger == 0 ? "" : sane_text(platform::read_program_name(procfs, stranger));
            const bool is_devstack =
                stranger != 0 && (stranger == project.keeper_pid || stranger == project.daemon_pid);
            divided.others.push_back({socket.port, stranger, command, is_devstack});
        }
    }
    return divided;
}

/// Of a service that is starting, a port where nobody listens is only late, as long as the service
/// has not opened another one in its place.
std::vector<Port> without_awaited(const std::vector<Port>& declared, const Owned& divided) {
    const auto is_declared = [&](const ListeningSocket& socket) {
        return std::ranges::find(declared, socket.port) != declared.end();
    };
    if (!std::ranges::all_of(divided.own, is_declared)) return declared;
    std::vector<Port> served;
    std::ranges::copy_if(declared, std::back_inserter(served), [&](Port port) {
        return !on_port(divided.own, port).empty() ||
               std::ranges::find(divided.others, port, &OtherListener::port) !=
                   divided.others.end();
    });
    return served;
}

}  // namespace

std::vector<std::string> find_listening_differences(const std::string& service,
                                                    const std::vector<Port>& declared,
                                                    const std::vector<ListeningSocket>& own,
                                                    const std::vector<OtherListener>& others) {
    const std::string undeclared = render_undeclared(own, declared);
    std::vector<std::string> differences;
    for (const Port port : declared) {
        const auto sockets = on_port(own, port);
        const auto difference = sockets.empty() ? find_absence(service, port, others, undeclared)
                                                : find_narrowness(service, port, sockets);
        if (difference) differences.push_back(*difference);
    }
    return differences;
}

std::vector<core::ListeningCompared> compare_listening(
    const Procfs& procfs,
    const ProjectMark& project,
    const std::vector<ListeningQuestion>& questions) {
    std::vector<RunMark> runs;
    runs.reserve(questions.size());
    for (const ListeningQuestion& question : questions)
        runs.push_back(question.run);
    const auto trees = collect_trees(procfs, project, runs);
    const auto sockets = platform::collect_listening_sockets(procfs);
    std::vector<std::uint64_t> inodes;
    inodes.reserve(sockets.size());
    for (const ListeningSocket& socket : sockets)
        inodes.push_back(socket.inode);
    const auto owners = platform::find_socket_owners(procfs, inodes);

    std::vector<core::ListeningCompared> answers;
    for (std::size_t i = 0; i < questions.size(); ++i) {
        std::set<int> tree;
        for (const auto& process : trees[i])
            tree.insert(process.pid);
        const Owned divided = divide(procfs, questions[i].declared, sockets, owners, tree, project);
        const std::vector<Port> declared = questions[i].is_ready
                                               ? questions[i].declared
                                               : without_awaited(questions[i].declared, divided);
        answers.push_back({questions[i].run.run,
                           find_listening_differences(
                               questions[i].run.service, declared, divided.own, divided.others)});
    }
    return answers;
}

}  // namespace devstack::daemon
