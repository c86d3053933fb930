// Sources: hosts(5), resolv.conf(5); RFC 1035, 4.1 for what a name server is asked; faketime(1).

#include "devstack/base/ip_address.hpp"
#include "devstack/platform/file_descriptor.hpp"
#include "devstack/platform/procfs.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <sstream>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace devstack::diagnosis {

namespace {

using core::doctor::NameServerFact;

std::string numbered(const char* file, int line) {
    return std::string{file} + ":" + std::to_string(line);
}

std::set<std::string> names_in_use(const Facts& facts) {
    std::set<std::string> names;
    const auto add = [&](const std::string& host) {
        if (!host.empty() && !is_ip_address(host)) names.insert(host);
    };
    for (const core::doctor::ReferenceFact& it : facts.references)
        add(it.host);
    for (const core::doctor::DialFact& it : facts.dials)
        add(it.host);
    return names;
}

void add_host_entries(Facts& facts) {
    constexpr const char* file = "/etc/hosts";
    const std::set<std::string> names = names_in_use(facts);
    std::istringstream lines{read_small(file)};
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        std::istringstream words{line.substr(0, line.find('#'))};
        std::string address;
        words >> address;
        for (std::string name; words >> name;) {
            if (!names.contains(name)) continue;
            facts.host_entries.push_back({name, address, numbered(file, number)});
        }
    }
}

/// Asks for the name servers of the root, as any of them can tell.
std::string ask(const std::string& address) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(53);
    if (::inet_pton(AF_INET, address.c_str(), &to.sin_addr) != 1) return "";
    const platform::FileDescriptor socket{
        ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!socket.is_open()) return "";
    const int fd = socket.get();
    constexpr std::array<unsigned char, 17> question{
        0x2a, 0x17, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1};
    const bool is_there = ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 &&
                          ::send(fd, question.data(), question.size(), 0) > 0;
    pollfd waiting{fd, POLLIN, 0};
    constexpr int wait_ms = 250;
    if (!is_there) return "unreachable";
    if (::poll(&waiting, 1, wait_ms) <= 0) return "no answer";
    std::array<char, 512> answer{};
    return ::recv(fd, answer.data(), answer.size(), 0) < 0 ? "refused" : "answers";
}

/// Only where a name could not be looked up.
void add_name_servers(Facts& facts) {
    const bool is_needed = std::ranges::any_of(facts.dials, [](const auto& it) {
        return it.stage == "resolve" && it.error.find("name server") != it.error.npos;
    });
    if (!is_needed) return;
    constexpr const char* file = "/etc/resolv.conf";
    std::istringstream lines{read_small(file)};
    int number = 0;
    constexpr std::size_t servers_max = 3;  // As the resolver takes.
    for (std::string line; std::getline(lines, line);) {
        ++number;
        std::istringstream words{line};
        NameServerFact server;
        std::string keyword;
        words >> keyword >> server.address;
        if (keyword != "nameserver" || facts.name_servers.size() == servers_max) continue;
        server.where = numbered(file, number);
        server.outcome = ask(server.address);
        if (!server.outcome.empty()) facts.name_servers.push_back(std::move(server));
    }
}

void add_clocks(Facts& facts) {
    for (const core::doctor::ProcessFact& process : facts.processes) {
        if (process.service.empty()) continue;
        const auto values =
            platform::read_environment_variables({}, process.pid, {"LD_PRELOAD", "FAKETIME"});
        const bool is_shifted =
            values[0] && values[1] && values[0]->find("faketime") != std::string::npos;
        const bool is_known = std::ranges::any_of(
            facts.clocks,
            [&](const core::doctor::ClockFact& it) { return it.service == process.service; });
        if (is_shifted && !is_known) {
            facts.clocks.push_back({process.service, process.pid, *values[1]});
        }
    }
}

}  // namespace

void collect_surroundings(Facts& facts) {
    add_host_entries(facts);
    add_name_servers(facts);
    add_clocks(facts);
}

}  // namespace devstack::diagnosis
