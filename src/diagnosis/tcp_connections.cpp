#include "diagnosis/tcp_connections.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>
#include <string_view>

namespace devstack::diagnosis {

namespace {

using core::doctor::ConnectionFact;
using core::doctor::Facts;
using core::doctor::ListenerFact;

unsigned parse_hex(std::string_view digits) {
    unsigned value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return value;
}

std::string name_of_state(std::string_view state) {
    if (state == "01") return "established";
    if (state == "08") return "close-wait";
    if (state == "03") return "syn-received";
    return "";
}

/// "sl local remote st tx:rx …": the port is behind the colon, addresses have none.
void count_in(const std::string& table,
              const Facts& facts,
              std::map<std::pair<int, std::string>, ConnectionFact>& counted) {
    std::istringstream lines{read_small(table, 8 * 1024 * 1024)};
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
        std::istringstream words{line};
        std::string number;
        std::string local;
        std::string remote;
        std::string state;
        std::string queues;
        words >> number >> local >> remote >> state >> queues;
        const std::string name = name_of_state(state);
        const auto colon = local.rfind(':');
        if (name.empty() || colon == local.npos) continue;
        const int port = static_cast<int>(parse_hex(std::string_view{local}.substr(colon + 1)));
        const auto listener = std::ranges::find(facts.listeners, port, &ListenerFact::port);
        if (listener == facts.listeners.end()) continue;
        ConnectionFact& fact = counted[{port, name}];
        fact.port = port;
        fact.service = listener->service;
        fact.pid = listener->pid;
        fact.state = name;
        ++fact.count;
        const auto split = queues.find(':');
        if (split != queues.npos && parse_hex(std::string_view{queues}.substr(split + 1)) > 0) {
            ++fact.unread;
        }
    }
}

}  // namespace

void add_connections(Facts& facts) {
    std::map<std::pair<int, std::string>, ConnectionFact> counted;
    count_in("/proc/net/tcp", facts, counted);
    count_in("/proc/net/tcp6", facts, counted);
    for (auto& [key, fact] : counted)
        facts.connections.push_back(std::move(fact));
}

}  // namespace devstack::diagnosis
