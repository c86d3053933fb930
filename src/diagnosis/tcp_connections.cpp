#include "diagnosis/tcp_connections.hpp"

#include "devstack/platform/procfs.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>
#include <vector>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using core::doctor::ConnectionFact;
using core::doctor::Facts;
using core::doctor::ListenerFact;

constexpr std::size_t table_size_max = 8 * 1024 * 1024;

unsigned parse_hex(std::string_view digits) {
    unsigned value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return value;
}

struct Entry {
    std::string local;
    std::string remote;
    std::string state;
    bool has_unread = false;
    std::string inode;

    std::string key() const { return local + " " + remote; }
    int port() const {
        return static_cast<int>(parse_hex(std::string_view{local}.substr(local.rfind(':') + 1)));
    }
};

/// "sl local remote st tx:rx tr:when retrnsmt uid timeout inode …"
std::optional<Entry> parse_entry(const std::string& line) {
    std::istringstream words{line};
    Entry entry;
    std::string skipped;
    std::string queues;
    words >> skipped >> entry.local >> entry.remote >> entry.state >> queues;
    for (int i = 0; i < 4; ++i)
        words >> skipped;
    words >> entry.inode;
    const auto colon = queues.find(':');
    if (!words || colon == queues.npos || entry.local.find(':') == entry.local.npos) {
        return std::nullopt;
    }
    entry.has_unread = parse_hex(std::string_view{queues}.substr(colon + 1)) > 0;
    return entry;
}

std::vector<Entry> read_table() {
    std::vector<Entry> entries;
    for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::istringstream lines{read_small(path, table_size_max)};
        std::string line;
        std::getline(lines, line);
        while (std::getline(lines, line)) {
            if (auto entry = parse_entry(line)) entries.push_back(std::move(*entry));
        }
    }
    return entries;
}

/// The word in this column of each line.
void add_inodes(const std::string& path, std::size_t column, std::set<std::string>& inodes) {
    std::istringstream lines{read_small(path, table_size_max)};
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
        std::istringstream words{line};
        std::string word;
        for (std::size_t i = 0; i <= column && words; ++i)
            words >> word;
        inodes.insert(word);
    }
}

/// Sockets that the kernel's tables know.
std::set<std::string> listed_inodes(const std::vector<Entry>& table) {
    std::set<std::string> inodes;
    for (const Entry& it : table)
        inodes.insert(it.inode);
    for (const char* name : {"udp", "udp6", "raw", "raw6", "icmp", "icmp6"})
        add_inodes(std::string{"/proc/net/"} + name, 9, inodes);
    add_inodes("/proc/net/unix", 6, inodes);
    add_inodes("/proc/net/netlink", 9, inodes);
    add_inodes("/proc/net/packet", 8, inodes);
    return inodes;
}

/// Of the socket that a descriptor is; empty: it is none.
std::string inode_of(const fs::path& descriptor) {
    std::error_code error;
    const std::string link = fs::read_symlink(descriptor, error).string();
    constexpr std::string_view mark = "socket:[";
    if (error || !link.starts_with(mark)) return "";
    return link.substr(mark.size(), link.size() - mark.size() - 1);
}

std::set<std::string> find_dead(const Facts& facts, const std::vector<Entry>& table) {
    std::set<std::string> dead;
    const std::set<std::string> listed = listed_inodes(table);
    for (const core::doctor::ProcessFact& process : facts.processes) {
        if (process.service.empty()) continue;
        std::error_code error;
        const std::string pid = std::to_string(process.pid);
        fs::directory_iterator it{"/proc/" + pid + "/fd", error};
        for (; !error && it != fs::directory_iterator{}; it.increment(error)) {
            const std::string inode = inode_of(it->path());
            if (!inode.empty() && !listed.contains(inode)) dead.insert(pid + " " + inode);
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

std::string name_of_state(std::string_view state) {
    if (state == "01") return "established";
    if (state == "08") return "close-wait";
    return "";
}

void add_dead(const StuckConnections& before, const StuckConnections& now, Facts& facts) {
    std::map<int, int> counted;
    for (const std::string& it : now.dead) {
        if (!before.dead.contains(it)) continue;
        int pid = 0;
        std::from_chars(it.data(), it.data() + it.size(), pid);
        ++counted[pid];
    }
    for (const auto& [pid, count] : counted) {
        const auto process =
            std::ranges::find(facts.processes, pid, &core::doctor::ProcessFact::pid);
        if (process == facts.processes.end()) continue;
        facts.connections.push_back({0, process->service, pid, "dead", count, 0});
    }
}

}  // namespace

void add_outgoing(const std::set<int>& ports, Facts& facts) {
    std::set<int> silent = ports;
    for (const ListenerFact& it : facts.listeners)
        silent.erase(it.port);
    if (silent.empty()) return;
    std::map<int, Entry> ends;
    for (const Entry& it : read_table()) {
        const bool is_connection = !name_of_state(it.state).empty() && it.inode != "0";
        if (is_connection && silent.contains(it.port())) ends.emplace(it.port(), it);
    }
    for (const auto& [port, entry] : ends) {
        core::doctor::OutgoingFact fact;
        fact.port = port;
        fact.peer = render_remote(entry);
        std::uint64_t inode = 0;
        std::from_chars(entry.inode.data(), entry.inode.data() + entry.inode.size(), inode);
        for (const platform::SocketOwner& owner :
             platform::find_socket_owners({}, std::vector{inode}))
            fact.pid = owner.pid;
        facts.outgoing.push_back(std::move(fact));
    }
}

std::string find_peer(int pid, int descriptor) {
    const std::string inode =
        inode_of("/proc/" + std::to_string(pid) + "/fd/" + std::to_string(descriptor));
    if (inode.empty()) return "";
    const auto table = read_table();
    const auto entry = std::ranges::find(table, inode, &Entry::inode);
    return entry == table.end() ? "" : render_remote(*entry);
}

std::vector<std::string> list_peers(int pid) {
    const auto table = read_table();
    std::set<int> listened;
    std::map<std::string, const Entry*> established;
    constexpr std::string_view listening = "0A";
    for (const Entry& it : table) {
        if (it.state == listening) listened.insert(it.port());
        if (name_of_state(it.state) == "established") established[it.inode] = &it;
    }
    std::vector<std::string> peers;
    std::error_code error;
    fs::directory_iterator it{"/proc/" + std::to_string(pid) + "/fd", error};
    for (; !error && it != fs::directory_iterator{}; it.increment(error)) {
        const auto found = established.find(inode_of(it->path()));
        if (found == established.end() || listened.contains(found->second->port())) continue;
        peers.push_back(render_remote(*found->second));
    }
    return peers;
}

bool talks_to_nobody(int pid) {
    if (!list_peers(pid).empty()) return false;
    std::set<std::string> local;
    add_inodes("/proc/net/unix", 6, local);
    int sockets = 0;
    std::error_code error;
    fs::directory_iterator it{"/proc/" + std::to_string(pid) + "/fd", error};
    for (; !error && it != fs::directory_iterator{}; it.increment(error)) {
        const std::string inode = inode_of(it->path());
        if (local.contains(inode)) return false;
        if (!inode.empty()) ++sockets;
    }
    return sockets > 0;  // Else we may not look.
}

StuckConnections find_stuck(const Facts& facts) {
    StuckConnections stuck;
    const std::vector<Entry> table = read_table();
    for (const Entry& it : table) {
        if (name_of_state(it.state) == "close-wait") stuck.close_wait.insert(it.key());
    }
    stuck.dead = find_dead(facts, table);
    return stuck;
}

void add_connections(const StuckConnections& before, Facts& facts) {
    std::map<std::pair<int, std::string>, ConnectionFact> counted;
    for (const Entry& entry : read_table()) {
        const std::string name = name_of_state(entry.state);
        if (name.empty()) continue;
        if (name == "close-wait" && !before.close_wait.contains(entry.key())) continue;
        const auto listener = std::ranges::find(facts.listeners, entry.port(), &ListenerFact::port);
        if (listener == facts.listeners.end()) continue;
        ConnectionFact& fact = counted[{entry.port(), name}];
        fact.port = entry.port();
        fact.service = listener->service;
        fact.pid = listener->pid;
        fact.state = name;
        ++fact.count;
        if (entry.has_unread) ++fact.unread;
    }
    facts.connections.clear();
    for (auto& [key, fact] : counted)
        facts.connections.push_back(std::move(fact));
    add_dead(before, find_stuck(facts), facts);
}

namespace {

/// "service" by the near ports of connections to `port`; by inode it is known whose socket it is.
std::map<int, std::string> find_owners(int port,
                                       const std::vector<Entry>& table,
                                       const std::map<std::string, std::string>& services) {
    std::map<int, std::string> owners;
    for (const Entry& it : table) {
        const auto colon = it.remote.rfind(':');
        const bool is_there =
            parse_hex(std::string_view{it.remote}.substr(colon + 1)) == static_cast<unsigned>(port);
        const auto service = services.find(it.inode);
        if (is_there && it.state == "01" && service != services.end()) {
            owners[it.port()] = service->second;
        }
    }
    return owners;
}

std::map<std::string, std::string> list_sockets(const Facts& facts) {
    std::map<std::string, std::string> services;
    for (const core::doctor::ProcessFact& process : facts.processes) {
        if (process.service.empty()) continue;
        std::error_code error;
        fs::directory_iterator it{"/proc/" + std::to_string(process.pid) + "/fd", error};
        for (; !error && it != fs::directory_iterator{}; it.increment(error)) {
            const std::string inode = inode_of(it->path());
            if (!inode.empty()) services[inode] = process.service;
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
    const std::vector<Entry> table = read_table();
    const auto services = list_sockets(facts);
    for (core::doctor::DialFact& dial : facts.dials) {
        if (is_asked_for(dial)) add_owners(find_owners(dial.port, table, services), dial);
    }
}

}  // namespace devstack::diagnosis
