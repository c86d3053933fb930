#include "devstack/core/doctor/nginx_config.hpp"
#include "devstack/core/doctor/service_url.hpp"
#include "devstack/core/probes/url.hpp"

#include "diagnosis/collectors.hpp"
#include "diagnosis/split_variables.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <regex>
#include <set>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using core::doctor::ProxyRouteFact;
using core::doctor::ReferenceFact;
using core::doctor::ServiceUrl;
using core::doctor::VariableFact;

/// Where these point is who may call, not whom the service calls.
bool is_about_callers(const std::string& name) {
    constexpr std::array<std::string_view, 6> words{
        "ORIGIN", "CORS", "CALLBACK", "REDIRECT", "ALLOWED", "NEXTAUTH_URL"};
    return std::ranges::any_of(words,
                               [&](std::string_view word) { return name.find(word) != name.npos; });
}

/// What identifies an endpoint, and what will be found out about it.
std::string dial_id(const ReferenceFact& reference) {
    std::string id = reference.scheme + "://";
    const bool has_login = reference.scheme == "postgresql" || reference.scheme == "mysql" ||
                           reference.scheme == "mariadb" || reference.scheme == "redis";
    if (has_login && !reference.user.empty()) id += reference.user + "@";
    id += core::render_host_and_port(reference.host,
                                     Port{static_cast<std::uint16_t>(reference.port)});
    return has_login ? id + reference.path : id;
}

ReferenceFact make_reference(const ServiceUrl& url) {
    ReferenceFact fact;
    fact.scheme = url.scheme;
    fact.user = url.user;
    fact.host = url.host;
    fact.port = url.port;
    fact.path = url.path;
    return fact;
}

/// "localhost:11211", without a scheme: of this machine alone, since much else looks like it. What
/// begins with the address of all interfaces is where somebody listens.
std::optional<ReferenceFact> parse_endpoint(const std::string& value) {
    static const std::regex form{R"((localhost|127\.0\.0\.1|\[::1\]):(\d{2,5}))"};
    std::smatch found;
    if (!std::regex_match(value, found, form)) return std::nullopt;
    ReferenceFact fact;
    fact.scheme = "tcp";
    fact.host = found[1].str() == "[::1]" ? "::1" : found[1].str();
    const std::string port = found[2].str();
    std::from_chars(port.data(), port.data() + port.size(), fact.port);
    return fact;
}

class References {
public:
    References(const Scene& scene, Facts& facts, Passwords& passwords)
        : scene_{scene}, facts_{facts}, passwords_{passwords} {}

    void collect() {
        for (const core::doctor::ServiceFact& service : facts_.services) {
            const ServiceScene* const scene = scene_.find(service.name);
            for (const VariableFact& variable : service.variables)
                add_variable(service, variable, scene);
            if (scene == nullptr) continue;
            add_config_files(*scene);
            add_proxy_files(*scene);
        }
        for (const core::doctor::NginxFact& nginx : facts_.nginx)
            add_nginx(nginx);
    }

private:
    /// What the variable really holds, with the password: a fact does not have that.
    std::string value_of(const VariableFact& variable, const ServiceScene* scene) const {
        if (scene == nullptr) return variable.value;
        const auto found = scene->environment.find(variable.name);
        if (found != scene->environment.end()) return found->second;
        return read_value_from(variable);
    }
    /// "${DB_USER}" of another variable, as devstack and most readers of env files understand it.
    std::string fill_in(const std::string& value,
                        const core::doctor::ServiceFact& service,
                        const ServiceScene* scene) const {
        return expand_names(value, [&](const std::string& name) -> std::optional<std::string> {
            const auto other = std::ranges::find(service.variables, name, &VariableFact::name);
            if (other == service.variables.end()) return std::nullopt;
            return value_of(*other, scene);
        });
    }
    /// Of a file that the profile does not name.
    std::string read_value_from(const VariableFact& variable) const {
        const auto colon = variable.where.rfind(':');
        const fs::path path = fs::path{scene_.project_dir} / variable.where.substr(0, colon);
        const std::string text = read_small(path.string());
        const std::regex line{"(^|\n)\\s*(export\\s+)?" + variable.name +
                              "\\s*=\\s*[\"']?([^\"'\\s]*)"};
        std::smatch found;
        return std::regex_search(text, found, line) ? found[3].str() : variable.value;
    }

    void add_variable(const core::doctor::ServiceFact& service,
                      const VariableFact& variable,
                      const ServiceScene* scene) {
        // What is in force already has the values of others in it.
        const bool is_whole = scene != nullptr && scene->environment.contains(variable.name);
        const std::string held = value_of(variable, scene);
        const std::string value = is_whole ? held : fill_in(held, service, scene);
        if (value.find("${") != value.npos) return;  // Whoever reads it makes something of it.
        auto url = core::doctor::parse_service_url(value);
        if (!url) url = core::doctor::parse_connection_string(value);
        if (url) {
            if (url->port == 0) return;
            ReferenceFact fact = make_reference(*url);
            fact.kind = is_about_callers(variable.name) ? "origin" : "env";
            const auto& variables = service.variables;
            const auto other = std::ranges::find(variables, "PGPASSWORD", &VariableFact::name);
            const bool is_other = url->password.empty() && other != variables.end();
            const std::string password = is_other ? value_of(*other, scene) : url->password;
            add(fact, service.name, variable.name, variable.where, password);
        } else if (const auto endpoint = parse_endpoint(value)) {
            ReferenceFact fact = *endpoint;
            // Where it listens itself.
            const auto& ports = service.ports;
            if (std::ranges::find(ports, std::to_string(fact.port)) != ports.end()) return;
            if (is_about_callers(variable.name)) return;
            fact.kind = "env";
            add(fact, service.name, variable.name, variable.where, "");
        } else if (variable.name.ends_with("HOST")) {
            auto split = join_variables(variable, service.variables, database_);
            if (!split) return;
            const std::string password =
                split->password == nullptr ? "" : value_of(*split->password, scene);
            add(split->fact, service.name, split->fact.name, split->fact.where, password);
        }
    }

    /// Development servers that proxy name their targets in their configuration.
    void add_config_files(const ServiceScene& service) {
        const std::regex literal{R"(["'`](https?://[A-Za-z0-9.\[\]:_-]+:\d+[^"'`\s]*)["'`])"};
        for (const char* name : {"vite.config.js",
                                 "vite.config.ts",
                                 "vite.config.mjs",
                                 "next.config.js",
                                 "next.config.mjs",
                                 "next.config.ts",
                                 "webpack.config.js",
                                 "vue.config.js",
                                 "nuxt.config.ts",
                                 "proxy.conf.json",
                                 "src/setupProxy.js",
                                 "svelte.config.js"}) {
            const fs::path path = fs::path{service.working_dir} / name;
            const std::string text = read_small(path.string());
            int line = 1;
            std::size_t counted = 0;
            for (std::sregex_iterator it{text.begin(), text.end(), literal}, end; it != end; ++it) {
                const auto at = static_cast<std::size_t>(it->position());
                line +=
                    static_cast<int>(std::count(text.begin() + static_cast<std::ptrdiff_t>(counted),
                                                text.begin() + static_cast<std::ptrdiff_t>(at),
                                                '\n'));
                counted = at;
                const auto url = core::doctor::parse_service_url((*it)[1].str());
                if (!url) continue;
                ReferenceFact fact = make_reference(*url);
                fact.kind = "config";
                add(fact,
                    service.fact.name,
                    name,
                    scene_.shown(path.string()) + ":" + std::to_string(line),
                    "");
            }
        }
    }

    /// The servers that HAProxy, Caddy, Apache and Varnish name.
    void add_proxy_files(const ServiceScene& service) {
        std::set<std::string> known;
        for (const ProxyRouteFact& route : read_proxy_files(scene_, service, facts_)) {
            ReferenceFact fact;
            fact.kind = "config";
            fact.scheme = route.scheme;
            fact.host = route.host;
            fact.port = route.port;
            // A server may be there for several frontends, and a line may name several servers.
            const std::string id = route.where + " " + dial_id(fact);
            if (!fact.host.empty() && known.insert(id).second) {
                add(fact, route.service, route.directive, route.where, "");
            }
        }
    }

    void add_nginx(const core::doctor::NginxFact& nginx) {
        for (const core::doctor::NginxServerFact& server : nginx.servers) {
            for (const core::doctor::NginxLocationFact& location : server.locations) {
                if (!location.proxy_pass.empty()) {
                    add_target(nginx,
                               location,
                               core::doctor::find_target(nginx, location, location.path),
                               "proxy_pass",
                               location.proxy_pass_where);
                }
                add_target(nginx,
                           location,
                           core::doctor::find_other_target(nginx, location),
                           location.other_pass.substr(0, location.other_pass.find(' ')),
                           location.other_pass_where);
            }
        }
        for (const core::doctor::NginxUpstreamFact& upstream : nginx.upstreams)
            add_more_servers(nginx, upstream);
    }
    void add_target(const core::doctor::NginxFact& nginx,
                    const core::doctor::NginxLocationFact& location,
                    const std::optional<core::doctor::ProxyTarget>& target,
                    const std::string& directive,
                    const std::string& where) {
        if (!target) return;
        ReferenceFact fact;
        fact.kind = "nginx";
        fact.scheme = target->scheme;
        fact.host = target->host;
        fact.port = target->port;
        fact.path = location.path;
        add(fact, nginx.service, directive, where, "");
    }
    /// Besides the first, which proxy_pass leads to.
    void add_more_servers(const core::doctor::NginxFact& nginx,
                          const core::doctor::NginxUpstreamFact& upstream) {
        for (std::size_t i = 1; i < upstream.servers.size(); ++i) {
            const auto url = core::doctor::parse_service_url("http://" + upstream.servers[i]);
            if (!url || url->host == "unix" || upstream.servers[i].starts_with("unix:")) continue;
            ReferenceFact fact;
            fact.kind = "upstream";
            fact.scheme = "http";
            fact.host = url->host;
            fact.port = url->port;
            add(fact, nginx.service, "server", upstream.server_places[i], "");
        }
    }

    void add(ReferenceFact fact,
             const std::string& service,
             const std::string& name,
             const std::string& where,
             const std::string& password) {
        fact.service = service;
        fact.name = name;
        fact.where = where;
        if (fact.kind != "origin") {
            fact.dial = dial_id(fact);
            if (!password.empty()) passwords_[fact.dial] = password;
        }
        facts_.references.push_back(std::move(fact));
    }

    const Scene& scene_;
    Facts& facts_;
    Passwords& passwords_;
    std::string database_ = find_database_scheme(facts_.services);
};

}  // namespace

void collect_references(const Scene& scene, Facts& facts, Passwords& passwords) {
    References{scene, facts, passwords}.collect();
}

}  // namespace devstack::diagnosis
