#include "diagnosis/split_variables.hpp"

#include "devstack/core/doctor/service_url.hpp"

#include <algorithm>
#include <charconv>
#include <regex>
#include <set>

namespace devstack::diagnosis {

namespace {

using core::doctor::ServiceFact;
using core::doctor::VariableFact;
using Variables = std::vector<VariableFact>;

std::string scheme_in(const std::string& word) {
    std::string upper = word;
    std::ranges::transform(
        upper, upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const auto has = [&](std::string_view part) { return upper.find(part) != upper.npos; };
    if (has("PG") || has("POSTGRES")) return "postgresql";
    if (has("MYSQL") || has("MARIADB")) return "mysql";
    return has("REDIS") ? "redis" : "";
}

std::string scheme_at(int port) {
    const std::string product = core::doctor::product_at(port);
    if (product == "PostgreSQL") return "postgresql";
    if (product == "Redis") return "redis";
    return product == "MySQL" ? "mysql" : "tcp";
}

int usual_port(const std::string& scheme) {
    if (scheme == "postgresql") return 5432;
    if (scheme == "mysql") return 3306;
    return scheme == "redis" ? 6379 : 0;
}

const VariableFact* find(const Variables& variables,
                         const std::string& prefix,
                         std::initializer_list<const char*> names) {
    for (const char* name : names) {
        const auto found = std::ranges::find(variables, prefix + name, &VariableFact::name);
        if (found != variables.end()) return &*found;
    }
    return nullptr;
}

/// By the prefix (PGHOST, MYSQL_HOST), or by a variable beside it (DB_CONNECTION=mysql).
std::string find_scheme(const Variables& variables,
                        const std::string& prefix,
                        int port,
                        const std::string& database) {
    if (std::string scheme = scheme_in(prefix); !scheme.empty()) return scheme;
    const VariableFact* const kind =
        find(variables, prefix, {"CONNECTION", "ENGINE", "DIALECT", "CLIENT", "TYPE", "DRIVER"});
    if (kind != nullptr) {
        if (std::string scheme = scheme_in(kind->value); !scheme.empty()) return scheme;
    }
    if (port != 0) return scheme_at(port);
    const bool is_database = prefix.ends_with("DB_") || prefix.ends_with("DATABASE_");
    return is_database ? database : "";
}

std::string render(const VariableFact& variable) {
    return variable.name + (variable.where.empty() ? "" : " (" + variable.where + ")");
}

}  // namespace

std::optional<SplitUrl> join_variables(const VariableFact& host,
                                       const Variables& variables,
                                       const std::string& database) {
    constexpr std::string_view suffix = "HOST";
    constexpr int port_max = 65535;
    const std::string prefix = host.name.substr(0, host.name.size() - suffix.size());
    // What begins with a slash is the directory of a socket.
    if (prefix.empty() || host.value.empty() || host.value.front() == '/') return std::nullopt;
    SplitUrl split;
    core::doctor::ReferenceFact& fact = split.fact;
    const VariableFact* const port = find(variables, prefix, {"PORT"});
    if (port != nullptr) {
        const std::string& text = port->value;
        std::from_chars(text.data(), text.data() + text.size(), fact.port);
        if (fact.port <= 0 || fact.port > port_max) return std::nullopt;
    }
    fact.scheme = find_scheme(variables, prefix, fact.port, database);
    if (fact.port == 0) fact.port = usual_port(fact.scheme);
    if (fact.port == 0) return std::nullopt;
    fact.kind = "env";
    fact.name = host.name + (port == nullptr ? "" : "/" + port->name);
    fact.where = host.where;
    fact.host = host.value;
    if (const VariableFact* user = find(variables, prefix, {"USERNAME", "USER"})) {
        fact.user = user->value;
    }
    if (const VariableFact* name = find(variables, prefix, {"DATABASE", "DBNAME", "NAME", "DB"})) {
        fact.path = "/" + name->value;
        fact.database_in = render(*name);
    }
    split.password = find(variables, prefix, {"PASS", "PASSWORD"});
    if (split.password != nullptr) fact.password_in = render(*split.password);
    if (fact.user.empty() && fact.scheme != "redis") fact.scheme = "tcp";
    return split;
}

std::string find_database_scheme(const std::vector<ServiceFact>& services) {
    std::set<std::string> schemes;
    for (const ServiceFact& service : services) {
        if (service.words.empty()) continue;
        const std::string& word = service.words.front();
        const std::string program = word.substr(word.rfind('/') + 1);
        if (program == "postgres" || program == "pg_ctl") schemes.insert("postgresql");
        if (program == "mariadbd" || program.starts_with("mysqld")) schemes.insert("mysql");
    }
    return schemes.size() == 1 ? *schemes.begin() : "";
}

std::string expand_names(
    const std::string& text,
    const std::function<std::optional<std::string>(const std::string& name)>& value_of) {
    static const std::regex named{R"re(\$(?:\{(\w+)\}|([A-Za-z_]\w*)))re"};
    std::string value;
    auto from = text.begin();
    for (std::sregex_iterator it{text.begin(), text.end(), named}, end; it != end; ++it) {
        value.append(from, (*it)[0].first);
        from = (*it)[0].second;
        const std::string name = (*it)[1].matched ? (*it)[1].str() : (*it)[2].str();
        value += value_of(name).value_or((*it)[0].str());
    }
    return value.append(from, text.end());
}

}  // namespace devstack::diagnosis
