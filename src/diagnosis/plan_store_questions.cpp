// What a database is asked once more, for what logs and refusals have told.

#include "devstack/core/doctor/service_url.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <regex>
#include <set>
#include <string_view>

namespace devstack::diagnosis {

namespace {

using core::doctor::DialFact;
using core::doctor::ReferenceFact;

int number_of_hex(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

/// RFC 3986, 2.1, and the plus that some write for a space.
std::string decode(const std::string& text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = i + 2 < text.size() ? number_of_hex(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? number_of_hex(text[i + 2]) : -1;
        if (text[i] == '%' && high >= 0 && low >= 0) {
            decoded += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            decoded += text[i] == '+' ? ' ' : text[i];
        }
    }
    return decoded;
}

/// By which the client tells where it looks for tables: libpq; pgx and lib/pq; JDBC; Prisma.
std::string options_of(const ReferenceFact& reference) {
    const std::string options = core::doctor::parameter_of(reference.path, "options");
    if (!options.empty()) return decode(options);
    for (const char* name : {"search_path", "currentSchema", "schema"}) {
        const std::string schema = decode(core::doctor::parameter_of(reference.path, name));
        if (!schema.empty()) return "-csearch_path=" + schema;
    }
    return "";
}

/// The last relation that the service's log complains of; empty: none.
std::string missing_relation(const Facts& facts, const std::string& service) {
    static const std::regex words{
        R"re(relation \\?"(?:[\w$]+\\?"?\.\\?"?)?([\w$]+)\\?" does not exist)re"};
    std::string name;
    for (const core::doctor::LogFact& log : facts.logs) {
        if (log.service != service) continue;
        for (const core::doctor::LineFact& line : log.lines) {
            std::smatch found;
            if (line.text.find("does not exist") == line.text.npos) continue;
            if (std::regex_search(line.text, found, words)) name = found[1].str();
        }
    }
    return name;
}

Endpoint like(const DialFact& dial, const ReferenceFact& reference, const Passwords& passwords) {
    constexpr double timeout = 0.5;
    Endpoint endpoint;
    endpoint.fact.purpose = "compare";
    endpoint.fact.protocol = dial.protocol;
    endpoint.fact.host = dial.host;
    endpoint.fact.port = dial.port;
    endpoint.fact.timeout = timeout;
    endpoint.user = reference.user;
    if (!reference.path.empty()) {
        endpoint.database = reference.path.substr(1, reference.path.find('?') - 1);
    }
    const auto password = passwords.find(reference.dial);
    if (password != passwords.end()) endpoint.password = password->second;
    return endpoint;
}

bool is_redis_server(const core::doctor::ServiceFact& service) {
    constexpr std::array<std::string_view, 4> servers{
        "redis-server", "valkey-server", "keydb-server", "dragonfly"};
    if (service.words.empty()) return false;
    const std::string name = std::filesystem::path{service.words.front()}.filename().string();
    return std::ranges::find(servers, name) != servers.end();
}

/// Libraries know where a Redis is without being told: which jobs wait there is asked of one that
/// nobody names, too.
std::vector<Endpoint> plan_queue_questions(const Facts& facts) {
    constexpr double timeout = 0.5;
    std::vector<Endpoint> endpoints;
    for (const core::doctor::ServiceFact& service : facts.services) {
        int port = 0;
        if (!is_redis_server(service) || service.phase != "ready" || service.ports.empty()) {
            continue;
        }
        const std::string& text = service.ports.front();
        std::from_chars(text.data(), text.data() + text.size(), port);
        const bool is_named = std::ranges::any_of(facts.references, [&](const ReferenceFact& it) {
            return it.port == port && it.scheme == "redis";
        });
        if (port == 0 || is_named) continue;
        Endpoint endpoint;
        endpoint.fact.id = "queues of " + service.name;
        endpoint.fact.purpose = "queues";
        endpoint.fact.protocol = "redis";
        endpoint.fact.host = "localhost";
        endpoint.fact.port = port;
        endpoint.fact.timeout = timeout;
        endpoints.push_back(std::move(endpoint));
    }
    return endpoints;
}

}  // namespace

std::vector<Endpoint> plan_store_questions(const Facts& facts, const Passwords& passwords) {
    std::vector<Endpoint> endpoints;
    std::set<std::string> known;
    for (const DialFact& it : facts.dials)
        known.insert(it.id);
    const auto add = [&](Endpoint endpoint, const std::string& id) {
        endpoint.fact.id = id;
        if (known.insert(id).second) endpoints.push_back(std::move(endpoint));
    };
    for (Endpoint& it : plan_queue_questions(facts)) {
        const std::string id = it.fact.id;
        add(std::move(it), id);
    }
    for (const ReferenceFact& reference : facts.references) {
        const auto dial = std::ranges::find(facts.dials, reference.dial, &DialFact::id);
        if (dial == facts.dials.end() || reference.user.empty() || dial->stage != "done") continue;
        if (dial->protocol == "mysql" && dial->code == "1045") {
            Endpoint endpoint = like(*dial, reference, passwords);
            endpoint.fact.protocol = "mysql by TLS";
            add(std::move(endpoint), "tls of " + dial->id);
        }
        if (dial->protocol != "postgresql" || !dial->error.empty()) continue;
        const std::string relation = missing_relation(facts, reference.service);
        if (relation.empty()) continue;
        Endpoint endpoint = like(*dial, reference, passwords);
        endpoint.relation = relation;
        endpoint.options = options_of(reference);
        add(std::move(endpoint), "relation " + relation + " of " + dial->id);
    }
    return endpoints;
}

}  // namespace devstack::diagnosis
