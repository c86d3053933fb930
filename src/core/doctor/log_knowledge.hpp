#pragma once

#include <span>
#include <string>
#include <string_view>

namespace devstack::core::doctor {

/// What a line in a log means. In `meaning` and `fix`, {1} to {9} are what the pattern has caught,
/// {service} is who wrote it, {folder} where it works.
struct LogKnowledge {
    std::string_view id;
    std::string_view part;  ///< Every line that fits has this in it: found faster than a pattern.
    std::string_view pattern;  ///< ECMAScript, searched.
    std::string_view meaning;  ///< A sentence.
    std::string_view fix;
    int strength = 60;
    /// Tells of a cause also when the service is well otherwise. What a service says while it
    /// starts and tries again is no cause.
    bool is_lasting = false;
    /// A program may go on after it: it matters where it is among the last words.
    bool is_last_word = false;
    /// Tells of a cause also when the service is well, where it says it again and again, and
    /// lately.
    bool is_repeated = false;
};

/// All of it: what is about programs themselves, and …
std::span<const LogKnowledge> log_knowledge();
/// … what is about nginx, certificates and what databases lack, …
std::span<const LogKnowledge> log_knowledge_of_servers();
/// … of Apache, HAProxy and PHP-FPM, …
std::span<const LogKnowledge> log_knowledge_of_proxies();
/// … of PostgreSQL, MySQL and MariaDB, …
std::span<const LogKnowledge> log_knowledge_of_databases();
/// … of SQLite, MongoDB, Redis, message brokers and search engines, …
std::span<const LogKnowledge> log_knowledge_of_stores();
/// … of what clients of these ask for by a name, …
std::span<const LogKnowledge> log_knowledge_of_clients();
/// … of frameworks and package managers of Python and Node.js, …
std::span<const LogKnowledge> log_knowledge_of_frameworks();
/// … of Ruby, PHP, Perl, Go, Rust, C++, Elixir and Docker, …
std::span<const LogKnowledge> log_knowledge_of_languages();
/// … of limits, settings and parts of runtimes, …
std::span<const LogKnowledge> log_knowledge_of_limits();
/// … of protocols that two ends do not share, and of native code, …
std::span<const LogKnowledge> log_knowledge_of_protocols();
/// … of shells and make, …
std::span<const LogKnowledge> log_knowledge_of_shells();
/// … of clocks that disagree, …
std::span<const LogKnowledge> log_knowledge_of_clocks();
/// … of Java and .NET.
std::span<const LogKnowledge> log_knowledge_of_java();

}  // namespace devstack::core::doctor
