#include "diagnosis/tcp_connections.hpp"

#include "devstack/platform/procfs.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using core::doctor::ConnectionFact;
using core::doctor::Facts;
using core::doctor::ListenerFact;

using Entry = TcpTable::Entry;
using Inodes = std::unordered_set<std::uint64_t>;

// As proc_net_tcp(5) numbers them.
constexpr std::string_view established = "01";
constexpr std::string_view close_wait = "08";
constexpr std::string_view listening = "0A";

constexpr std::size_t table_size_max = 32 * 1024 * 1024;

unsigned parse_hex(std::string_view digits) {
    unsigned value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return value;
}

std::uint64_t parse_inode(std::string_view digits) {
    std::uint64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

/// Empty at the end.
std::string_view take(std::string_view& text, char end) {
    const std::string_view part = text.substr(0, text.find(end));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    return part;
}

std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    return take(line, ' ');
}

/// "sl local remote st tx:rx tr:when retrnsmt uid timeout inode …"
std::optional<Entry> parse_entry(std::string_view line) {
    Entry entry;
    take_word(line);
    entry.local = take_word(line);
    entry.remote = take_word(line);
    entry.state = take_word(line);
    const std::string_view queues = take_word(line);
    for (int i = 0; i < 4; ++i)
        take_word(line);
    entry.inode = parse_inode(take_word(line));
    const auto received = queues.find(':');
    const auto colon = entry.local.rfind(':');
    if (received == queues.npos || colon == entry.local.npos) return std::nullopt;
    entry.has_unread = parse_hex(queues.substr(received + 1)) > 0;
    entry.port = static_cast<int>(parse_hex(entry.local.substr(colon + 1)));
    return entry;
}

std::string key_of(const Entry& entry) {
    return std::string{entry.local} + " " + std::string{entry.remote};
}

/// The number in this column of each line.
void add_inodes(const std::string& path, std::size_t column, Inodes& inodes) {
    const std::string text = read_small(path, table_size_max);
    std::string_view rest = text;
    take(rest, '\n');
    while (!rest.empty()) {
        std::string_view line = take(rest, '\n');
        for (std::size_t i = 0; i < column; ++i)
            take_word(line);
        inodes.insert(parse_inode(take_word(line)));
    }
}

/// Sockets that the kernel's tables know.
Inodes listed_inodes(const TcpTable& table) {
    Inodes inodes;
    for (const Entry& it : table.entries())
        inodes.insert(it.inode);
    for (const char* name : {"udp", "udp6", "raw", "raw6", "icmp", "icmp6"})
        add_inodes(std::string{"/proc/net/"} + name, 9, inodes);
    add_inodes("/proc/net/unix", 6, inodes);
    add_inodes("/proc/net/netlink", 9, inodes);
    add_inodes("/proc/net/packet", 8, inodes);
    return inodes;
}

/// Of the socket that a descriptor is; 0: it is none.
std::uint64_t inode_of(const fs::path& descriptor) {
    std::error_code error;
    const std::string link = fs::read_symlink(descriptor, error).string();
    constexpr std::string_view mark = "socket:[";
    return !error && link.starts_with(mark)
               ? parse_inode(std::string_view{link}.substr(mark.size()))
               : 0;
}

std::vector<StuckConnections::DeadSocket> find_dead(const Facts& facts, const TcpTable& table) {
    std::vector<StuckConnections::DeadSocket> dead;
    const Inodes listed = listed_inodes(table);
    for (const core::doctor::ProcessFact& process : facts.processes) {
        // To look at each of very many takes longer than there is time for.
        constexpr int descriptors_max = 4096;
        if (process.service.empty() || process.open_files > descriptors_max) continue;
        std::error_code error;
        fs::directory_iterator it{"/proc/" + std::to_string(process.pid) + "/fd", error};
        for (; !error && it != fs::directory_iterator{}; it.increment(error)) {
            const std::uint64_t inode = inode_of(it->path());
            if (inode == 0 || listed.contains(inode)) continue;
            dead.push_back({process.pid, it->path().string(), inode});
        }
    }
    return dead;
}

/// "127.0.0.1:7529", for IPv6 "port 7529"; empty: it has no other end.
std::string render_remote(const Entry& entry) {
    const auto colon = entry.remote.rfind(':');
    const std::string port = std::to_string(parse_hex(entry.remote.substr(colon + 1)));
    if (port == "0") return "";  // It listens.
    constexpr std::size_t v4_digits = 8;
    if (colon != v4_digits) return "port " + port;
    // Four bytes as the machine has them in a number: the first is the last of the digits.
    std::string address;
    for (const std::size_t at : {6U, 4U, 2U, 0U}) {
        if (!address.empty()) address += ".";
        address += std::to_string(parse_hex(entry.remote.substr(at, 2)));
    }
    return address + ":" + port;
}

/// Those that are still there. A process may have tens of thousands of descriptors: only these few
/// are looked at again.
void add_dead(const StuckConnections& before, const TcpTable& table, Facts& facts) {
    if (before.dead.empty()) return;
    const Inodes listed = listed_inodes(table);
    std::map<int, int> counted;
    for (const StuckConnections::DeadSocket& it : before.dead) {
        if (inode_of(it.descriptor) == it.inode && !listed.contains(it.inode)) ++counted[it.pid];
    }
    for (const auto& [pid, count] : counted) {
        const auto process =
            std::ranges::find(facts.processes, pid, &core::doctor::ProcessFact::pid);
        if (process == facts.processes.end()) continue;
        facts.connections.push_back({0, process->service, pid, "dead", count, 0});
    }
}

}  // namespace

TcpTable::TcpTable() {
    for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"})
        texts_.push_back(read_small(path, table_size_max));
    for (const std::string& text : texts_) {
        std::string_view rest = text;
        take(rest, '\n');
        while (!rest.empty()) {
            if (const auto entry = parse_entry(take(rest, '\n'))) entries_.push_back(*entry);
        }
    }
}

void add_outgoing(const TcpTable& table, const std::set<int>& ports, Facts& facts) {
    std::set<int> silent = ports;
    for (const ListenerFact& it : facts.listeners)
        silent.erase(it.port);
    if (silent.empty()) return;
    std::map<int, Entry> ends;
    for (const Entry& it : table.entries()) {
        const bool is_connection = it.state == established || it.state == close_wait;
        if (is_connection && it.inode != 0 && silent.contains(it.port)) ends.emplace(it.port, it);
    }
    for (const auto& [port, entry] : ends) {
        core::doctor::OutgoingFact fact;
        fact.port = port;
        fact.peer = render_remote(entry);
        for (const platform::SocketOwner& owner :
             platform::find_socket_owners({}, std::vector{entry.inode}))
            fact.pid = owner.pid;
        facts.outgoing.push_back(std::move(fact));
    }
}

std::string find_peer(const TcpTable& table, int pid, int descriptor) {
    const std::uint64_t inode =
        inode_of("/proc/" + std::to_string(pid) + "/fd/" + std::to_string(descriptor));
    if (inode == 0) return "";
    const auto entry = std::ranges::find(table.entries(), inode, &Entry::inode);
    return entry == table.entries().end() ? "" : render_remote(*entry);
}

std::vector<std::string> list_peers(int pid) {
    const TcpTable table;
    std::set<int> listened;
    std::unordered_map<std::uint64_t, const Entry*> connections;
    for (const Entry& it : table.entries()) {
        if (it.state == listening) listened.insert(it.port);
        if (it.state == established) connections[it.inode] = &it;
    }
    std::vector<std::string> peers;
    std::error_code error;
    fs::directory_iterator it{"/proc/" + std::to_string(pid) + "/fd", error};
    for (; !error && it != fs::directory_iterator{}; it.increment(error)) {
        const std::uint64_t inode = inode_of(it->path());
        const auto found = connections.find(inode);
        if (inode == 0 || found == connections.end()) continue;
        if (!listened.contains(found->second->port)) peers.push_back(render_remote(*found->second));
    }
    return peers;
}

bool talks_to_nobody(int pid) {
    if (!list_peers(pid).empty()) return false;
    Inodes local;
    add_inodes("/proc/net/unix", 6, local);
    int sockets = 0;
    std::error_code error;
    fs::directory_iterator it{"/proc/" + std::to_string(pid) + "/fd", error};
    for (; !error && it != fs::directory_iterator{}; it.increment(error)) {
        const std::uint64_t inode = inode_of(it->path());
        if (local.contains(inode)) return false;
        if (inode != 0) ++sockets;
    }
    return sockets > 0;  // Else we may not look.
}

StuckConnections find_stuck(const TcpTable& table, const Facts& facts) {
    StuckConnections stuck;
    for (const Entry& it : table.entries()) {
        if (it.state == established) ++stuck.established[it.port];
        if (it.state == close_wait) stuck.close_wait.insert(key_of(it));
    }
    stuck.dead = find_dead(facts, table);
    return stuck;
}

/// Whose connections they are, by a few of them: of a listener's many the same service has most.
static void find_clients(const StuckConnections& before, const TcpTable& table, Facts& facts) {
    constexpr int told_from = 200;
    constexpr std::size_t looked_at_max = 20;
    std::map<int, ConnectionFact*> crowded;  // By port.
    for (ConnectionFact& it : facts.connections) {
        if (it.state != "established" || it.count < told_from) continue;
        crowded[it.port] = &it;
        const auto then = before.established.find(it.port);
        it.grown = it.count - (then == before.established.end() ? 0 : then->second);
    }
    if (crowded.empty()) return;
    std::map<std::pair<std::string_view, std::string_view>, ConnectionFact*> ends;
    std::map<int, std::size_t> looked_at;
    for (const Entry& entry : table.entries()) {
        const auto fact = crowded.find(entry.port);
        if (fact == crowded.end() || entry.state != established) continue;
        if (looked_at[entry.port]++ >= looked_at_max) continue;
        ends[{entry.remote, entry.local}] = fact->second;
    }
    std::map<std::uint64_t, ConnectionFact*> inodes;
    std::vector<std::uint64_t> wanted;
    for (const Entry& entry : table.entries()) {
        const auto end = ends.find({entry.local, entry.remote});
        if (end == ends.end()) continue;
        inodes[entry.inode] = end->second;
        wanted.push_back(entry.inode);
    }
    std::vector<int> pids;
    for (const core::doctor::ProcessFact& it : facts.processes)
        pids.push_back(it.pid);
    std::map<ConnectionFact*, std::map<std::string, std::size_t>> votes;
    for (const platform::SocketOwner& owner : platform::find_socket_owners({}, wanted, pids)) {
        const auto process =
            std::ranges::find(facts.processes, owner.pid, &core::doctor::ProcessFact::pid);
        ConnectionFact* const fact = inodes[owner.inode];
        if (++votes[fact][process->service] * 2 > looked_at_max) fact->client = process->service;
    }
}

void add_connections(const StuckConnections& before, Facts& facts) {
    const TcpTable table;
    std::map<int, const ListenerFact*> listeners;
    for (const ListenerFact& it : facts.listeners)
        listeners.emplace(it.port, &it);
    std::map<std::pair<int, std::string_view>, ConnectionFact> counted;
    for (const Entry& entry : table.entries()) {
        if (entry.state != established && entry.state != close_wait) continue;
        const auto listener = listeners.find(entry.port);
        if (listener == listeners.end()) continue;
        if (entry.state == close_wait && !before.close_wait.contains(key_of(entry))) continue;
        ConnectionFact& fact = counted[{entry.port, entry.state}];
        fact.port = entry.port;
        fact.service = listener->second->service;
        fact.pid = listener->second->pid;
        fact.state = entry.state == established ? "established" : "close-wait";
        ++fact.count;
        if (entry.has_unread) ++fact.unread;
    }
    facts.connections.clear();
    for (auto& [key, fact] : counted)
        facts.connections.push_back(std::move(fact));
    find_clients(before, table, facts);
    add_dead(before, table, facts);
}

namespace {

/// By inode.
using SocketServices = std::unordered_map<std::uint64_t, std::string>;

/// "service" by the near ports of connections to `port`; by inode it is known whose socket it is.
std::map<int, std::string> find_owners(int port,
                                       const TcpTable& table,
                                       const SocketServices& services) {
    std::map<int, std::string> owners;
    for (const Entry& it : table.entries()) {
        const auto colon = it.remote.rfind(':');
        const bool is_there = parse_hex(it.remote.substr(colon + 1)) == static_cast<unsigned>(port);
        const auto service = services.find(it.inode);
        if (is_there && it.state == established && service != services.end()) {
            owners[it.port] = service->second;
        }
    }
    return owners;
}

SocketServices list_sockets(const Facts& facts) {
    SocketServices services;
    for (const core::doctor::ProcessFact& process : facts.processes) {
        if (process.service.empty()) continue;
        std::error_code error;
        fs::directory_iterator it{"/proc/" + std::to_string(process.pid) + "/fd", error};
        for (; !error && it != fs::directory_iterator{}; it.increment(error)) {
            const std::uint64_t inode = inode_of(it->path());
            if (inode != 0) services[inode] = process.service;
        }
    }
    return services;
}

void add_owners(const std::map<int, std::string>& owners, core::doctor::DialFact& dial) {
    const auto owner = [&](int port) {
        const auto found = owners.find(port);
        return found == owners.end() ? std::string{} : found->second;
    };
    for (core::doctor::SessionFact& it : dial.sessions)
        it.service = owner(it.port);
    for (core::doctor::LockWaitFact& it : dial.lock_waits) {
        const std::string who = owner(it.port);
        const std::string blocker = owner(it.blocker_port);
        if (!who.empty()) it.who = who;
        if (!blocker.empty()) it.blocker = blocker;
    }
    if (!dial.is_query_unanswered) return;
    std::map<std::string, int> counts;
    for (const auto& [port, service] : owners)
        ++counts[service];
    for (const auto& [service, count] : counts)
        dial.clients.push_back({service, count});
}

}  // namespace

void add_session_owners(Facts& facts) {
    const auto is_asked_for = [](const core::doctor::DialFact& it) {
        return !it.sessions.empty() || !it.lock_waits.empty() || it.is_query_unanswered;
    };
    if (std::ranges::none_of(facts.dials, is_asked_for)) return;
    const TcpTable table;
    const auto services = list_sockets(facts);
    for (core::doctor::DialFact& dial : facts.dials) {
        if (is_asked_for(dial)) add_owners(find_owners(dial.port, table, services), dial);
    }
}

}  // namespace devstack::diagnosis
