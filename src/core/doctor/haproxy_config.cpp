// HAProxy: frontends that send requests to the servers of backends.

#include "devstack/core/doctor/proxy_config.hpp"

#include "core/doctor/haproxy_sections.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <regex>

namespace devstack::core::doctor {

namespace {

struct Use {
    std::string backend;
    std::string path;  ///< Empty: of a condition that is not understood.
};

struct Section {
    std::string kind;
    std::string name;
    std::string mode = "tcp";
    std::vector<std::string> ports;
    std::vector<Use> uses;
    std::map<std::string, std::string> conditions;  ///< Named ones that are about a path.
    bool is_server_checked = false;
    ProxyRouteFact usual;  ///< What is said for all servers.
    std::vector<ProxyRouteFact> servers;
};

class Reader {
public:
    explicit Reader(const std::string& file) : file_{file} {}

    std::vector<ProxyRouteFact> read(std::string_view text) {
        for (const HaproxySection& it : read_haproxy_sections(text)) {
            Section& section = sections_.emplace_back();
            section.kind = it.kind;
            section.name = it.name;
            // What the last "defaults" says holds for all that comes after it.
            for (const ConfigLine& line : it.defaults)
                take(line, section);
            for (const ConfigLine& line : it.lines)
                take(line, section);
        }
        std::vector<ProxyRouteFact> routes;
        for (const Section& section : sections_) {
            if (section.kind != "backend" && section.kind != "listen") continue;
            for (const ProxyRouteFact& server : section.servers)
                add_routes(section, server, routes);
        }
        return routes;
    }

private:
    std::string place(const ConfigLine& line) const {
        return file_ + ":" + std::to_string(line.number);
    }
    static std::string rest(const ConfigLine& line) {
        std::string text = line.words[0];
        for (std::size_t i = 1; i < line.words.size(); ++i)
            text += " " + line.words[i];
        return text;
    }

    void take(const ConfigLine& line, Section& section) {
        const auto& words = line.words;
        const std::string& name = words[0];
        if (words.size() < 2) return;
        if (name == "mode") section.mode = words[1];
        if (name == "bind") add_ports(words[1], section.ports);
        if (name == "acl" && words.size() == 4 && words[2] == "path_beg") {
            section.conditions[words[1]] = words[3];
        }
        if (name == "default_backend") section.uses.push_back({words[1], "/"});
        if (name == "use_backend") take_use(words, section);
        if (name == "timeout" && words[1] == "server" && words.size() > 2) {
            section.usual.timeout = read_duration(words[2], 0.001);
            section.usual.timeout_by = rest(line);
            section.usual.timeout_where = place(line);
        }
        if (name == "option" && words[1] == "redispatch") section.is_server_checked = true;
        if (name == "option" || name == "http-check") take_check(line, section);
        if (name == "http-request" && words.size() > 3) take_rewrite(line, section);
        if (name == "default-server") {
            section.is_server_checked = std::ranges::find(words, "check") != words.end();
        }
        if (name == "server" && words.size() > 2) take_server(line, section);
    }

    static void take_use(const std::vector<std::string>& words, Section& section) {
        Use use{words[1], ""};
        if (words.size() == 2) use.path = "/";
        const bool is_if = words.size() > 3 && words[2] == "if";
        if (is_if && words.size() == 4 && section.conditions.contains(words[3])) {
            use.path = section.conditions[words[3]];
        }
        if (is_if && words.size() == 7 && words[3] == "{" && words[4] == "path_beg") {
            use.path = words[5];
        }
        section.uses.push_back(std::move(use));
    }

    void take_check(const ConfigLine& line, Section& section) const {
        const auto& words = line.words;
        ProxyRouteFact& usual = section.usual;
        std::string method = "OPTIONS";
        std::string path;
        if (words[0] == "option" && words[1] == "httpchk") {
            if (words.size() == 3) path = words[2];
            if (words.size() > 3) {
                method = words[2];
                path = words[3];
            }
        } else if (words[0] == "http-check" && words[1] == "send") {
            for (std::size_t i = 2; i + 1 < words.size(); ++i) {
                if (words[i] == "meth") method = words[i + 1];
                if (words[i] == "uri") path = words[i + 1];
            }
        } else {
            // It may want another status than the usual ones.
            if (words[0] == "http-check" && words[1] == "expect") usual.check_path.clear();
            return;
        }
        const bool is_askable = method == "GET" || method == "HEAD";
        usual.check_path = is_askable ? path : "";
        usual.check_by = rest(line);
        usual.check_where = place(line);
    }

    /// "http-request replace-path ^/api(/.*) \1", "http-request set-path %[path,regsub(^/api,)]".
    void take_rewrite(const ConfigLine& line, Section& section) const {
        static const std::regex prefix{R"re(\^?(/[\w.-]+(?:/[\w.-]+)*))re"};
        const auto& words = line.words;
        std::smatch found;
        const bool is_rewrite =
            words[1] == "replace-path" ||
            (words[1] == "set-path" && words[2].find("regsub(") != words[2].npos);
        const bool is_plain = words.size() == (words[1] == "set-path" ? 3U : 4U);
        if (!is_rewrite || !is_plain || !std::regex_search(words[2], found, prefix)) return;
        section.usual.strips = found[1].str();
        section.usual.strips_by = "http-request " + words[1];
        section.usual.strips_where = place(line);
    }

    void take_server(const ConfigLine& line, Section& section) {
        const auto& words = line.words;
        ProxyRouteFact server;
        server.directive = "server " + words[1];
        server.where = place(line);
        server.host = host_of(words[2]);
        server.port = port_of(words[2]);
        const auto has = [&](const char* option) {
            return std::ranges::find(words, option) != words.end();
        };
        if (server.port == 0 || words[2].find('@') != words[2].npos) return;
        server.scheme = has("ssl") ? "https" : "http";
        // A spare one is not asked while others are there.
        server.is_checked = has("check") || has("backup") || has("disabled");
        section.servers.push_back(std::move(server));
    }

    static ProxyRouteFact complete(const Section& backend, const ProxyRouteFact& server) {
        ProxyRouteFact route = backend.usual;
        route.product = "HAProxy";
        route.group = "backend " + backend.name;
        route.directive = server.directive;
        route.where = server.where;
        route.host = server.host;
        route.port = server.port;
        route.scheme = backend.mode == "http" ? server.scheme : "tcp";
        route.is_checked = server.is_checked || backend.is_server_checked;
        route.keeps_host = true;
        return route;
    }

    void add_routes(const Section& backend,
                    const ProxyRouteFact& server,
                    std::vector<ProxyRouteFact>& routes) const {
        ProxyRouteFact route = complete(backend, server);
        bool is_used = false;
        for (const Section& front : sections_) {
            if (front.ports.empty()) continue;
            const bool is_understood =
                std::ranges::none_of(front.uses, [](const Use& it) { return it.path.empty(); });
            const bool is_own = front.kind == "listen" && front.name == backend.name;
            if (is_own) route.path = is_understood && front.uses.empty() ? "/" : "";
            for (const Use& use : front.uses) {
                if (use.backend != backend.name || front.kind == "defaults") continue;
                route.path = is_understood ? use.path : "";
                route.ports = front.ports;
                routes.push_back(route);
                is_used = true;
            }
            if (!is_own) continue;
            route.ports = front.ports;
            routes.push_back(route);
            is_used = true;
        }
        route.ports.clear();
        route.path.clear();
        if (!is_used) routes.push_back(route);
    }

    std::string file_;
    std::vector<Section> sections_;
};

}  // namespace

std::vector<ProxyRouteFact> read_haproxy(const std::string& file, std::string_view text) {
    return Reader{file}.read(text);
}

}  // namespace devstack::core::doctor
