// Traefik: servers of its file provider, in YAML or TOML, and where its entry points listen.

#include "devstack/core/doctor/proxy_config.hpp"
#include "devstack/core/doctor/service_url.hpp"

#include "core/doctor/config_words.hpp"

#include <algorithm>
#include <regex>
#include <sstream>

namespace devstack::core::doctor {

std::vector<std::string> read_traefik_ports(std::string_view text) {
    // "address: ':80'", "address = \":80\"", "--entrypoints.web.address=:80".
    static const std::regex form{
        R"re((?:^|\s|\.)address\s*[:=]\s*["']?([\w.\[\]:*-]*:\d{1,5})(?:/tcp)?["']?\s*(?:#.*)?$)re",
        std::regex::icase};
    std::vector<std::string> ports;
    std::istringstream lines{std::string{text}};
    for (std::string line; std::getline(lines, line);) {
        std::smatch found;
        const bool is_comment = line.find_first_not_of(" \t") != line.npos &&
                                line[line.find_first_not_of(" \t")] == '#';
        if (is_comment || !std::regex_search(line, found, form)) continue;
        const int port = port_of(found[1].str());
        if (port != 0) ports.push_back(std::to_string(port));
    }
    return ports;
}

std::vector<ProxyRouteFact> read_traefik(const std::string& file, std::string_view text) {
    // "- url: http://127.0.0.1:9001", "url = \"http://127.0.0.1:9001\"".
    static const std::regex form{
        R"re(^\s*(?:-\s*)?(?:\{\s*)?url\s*[:=]\s*["']?(https?://[^"'\s}]+))re"};
    std::vector<ProxyRouteFact> routes;
    std::istringstream lines{std::string{text}};
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        std::smatch found;
        if (!std::regex_search(line, found, form)) continue;
        const auto url = parse_service_url(found[1].str());
        if (!url || url->port == 0) continue;
        ProxyRouteFact route;
        route.product = "Traefik";
        route.directive = "url";
        route.where = file + ":" + std::to_string(number);
        route.scheme = url->scheme;
        route.host = url->host;
        route.port = url->port;
        route.keeps_host = true;
        routes.push_back(std::move(route));
    }
    return routes;
}

}  // namespace devstack::core::doctor
