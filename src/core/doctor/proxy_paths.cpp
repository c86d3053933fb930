#include "devstack/core/doctor/proxy_paths.hpp"

#include "core/doctor/nginx_route.hpp"

#include <algorithm>
#include <regex>

namespace devstack::core::doctor {

namespace {

/// Without "." and doubled slashes.
std::string tidy(const std::string& path) {
    std::string result;
    for (std::size_t at = 0; at < path.size();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        const std::string part = path.substr(at, end - at);
        if (!part.empty() && part != ".") result += "/" + part;
        at = end + 1;
    }
    return result.empty() ? "/" : result;
}

std::string below(const std::string& directory, const std::string& path) {
    return tidy(path.starts_with('/') ? path : directory + "/" + path);
}

}  // namespace

std::string logged_path(const NginxFact& nginx, const std::string& path) {
    return below(nginx.directory, path);
}

std::string socket_of(const NginxFact& nginx, const std::string& address) {
    const auto mark = address.find("unix:");
    const bool is_socket =
        mark == 0 || (mark != address.npos && address.substr(0, mark).ends_with("://"));
    if (!is_socket) return "";
    std::string path = address.substr(mark + 5);
    path = path.substr(0, path.find(':'));
    // A relative one begins where nginx was started, as for any program.
    return path.empty() ? "" : below(nginx.directory, path);
}

std::string path_by_alias(const NginxFact& nginx,
                          const NginxLocationFact& location,
                          const std::string& request) {
    const std::string root = setting_of(location, "root");
    const std::string path = request.substr(0, request.find('?'));
    const bool is_prefix = location.modifier.empty() || location.modifier == "^~";
    if (root.empty() || !is_prefix || location.path == "/" || !path.starts_with(location.path)) {
        return "";
    }
    return below(nginx.prefix, root + "/" + path.substr(location.path.size()));
}

std::string fallback_file(const NginxFact& nginx, const NginxLocationFact& location) {
    const std::string words = setting_of(location, "try_files");
    const std::string last = words.substr(words.rfind(' ') + 1);
    std::string root = setting_of(location, "root");
    if (root.empty()) root = "html";
    if (!last.starts_with('/') || last.find('$') != last.npos) return "";
    return below(nginx.prefix, root + last.substr(0, last.find('?')));
}

std::string request_of_line(const std::string& line) {
    static const std::regex request{R"re(request: "\w+ (\S+))re"};
    std::smatch found;
    return std::regex_search(line, found, request) ? found[1].str() : "";
}

std::string server_of_line(const std::string& line) {
    static const std::regex server{R"re(, server: ([^,]*),)re"};
    std::smatch found;
    return std::regex_search(line, found, server) ? found[1].str() : "";
}

bool is_temporary(const std::string& path) {
    static const std::regex form{R"re(/\d{10}$)re"};
    return std::regex_search(path, form);
}

std::vector<std::string> find_paths_of_interest(const Facts& facts) {
    constexpr std::size_t paths_max = 60;
    std::vector<std::string> paths;
    const auto add = [&](const std::string& path) {
        const bool is_known = std::ranges::find(paths, path) != paths.end();
        if (!path.empty() && !is_known && paths.size() < paths_max) paths.push_back(path);
    };
    for (const NginxFact& nginx : facts.nginx) {
        for (const NginxUpstreamFact& upstream : nginx.upstreams) {
            for (const std::string& server : upstream.servers)
                add(socket_of(nginx, server));
        }
        for (const NginxServerFact& server : nginx.servers) {
            for (const NginxLocationFact& location : server.locations) {
                add(socket_of(nginx, location.proxy_pass));
                add(fallback_file(nginx, location));
            }
        }
        for (const LogFact& log : facts.logs) {
            if (log.service != nginx.service) continue;
            for (const LineFact& line : log.lines) {
                if (line.text.find("open() \"") == line.text.npos) continue;
                const std::string request = request_of_line(line.text);
                const Route route = find_route(nginx, request, server_of_line(line.text));
                if (route.location != nullptr) add(path_by_alias(nginx, *route.location, request));
                static const std::regex opened{R"re(open\(\) "([^"]+)" failed)re"};
                std::smatch found;
                if (!std::regex_search(line.text, found, opened)) continue;
                const std::string path = logged_path(nginx, found[1]);
                add(path);
                if (is_temporary(path)) add(path.substr(0, path.rfind('/')));
            }
        }
    }
    return paths;
}

}  // namespace devstack::core::doctor
