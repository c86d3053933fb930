#include "core/doctor/nginx_route.hpp"

#include "devstack/core/doctor/nginx_config.hpp"

#include "core/doctor/config_words.hpp"

#include <algorithm>

namespace devstack::core::doctor {

Route find_route(const Picture& picture, const DialFact& dial) {
    for (const NginxFact& nginx : picture.facts().nginx) {
        const NginxServerFact* const server = find_server(nginx, dial.port, host_of(dial));
        if (server == nullptr) continue;
        return {&nginx, find_location(*server, dial.path), server};
    }
    return {};
}

Route find_route(const NginxFact& nginx, const std::string& path, const std::string& server_name) {
    Route first;
    for (const NginxServerFact& server : nginx.servers) {
        const auto* const location = find_location(server, path);
        if (location == nullptr) continue;
        const std::string name = server.names.empty() ? "" : server.names.front();
        if (name == server_name) return {&nginx, location, &server};
        if (first.nginx == nullptr) first = {&nginx, location, &server};
    }
    return first;
}

std::string setting_of(const NginxLocationFact& location, std::string_view name) {
    const auto found = std::ranges::find(location.settings, name, &NginxSettingFact::name);
    return found == location.settings.end() ? "" : found->value;
}

bool gives_up_soon(const NginxLocationFact& location) {
    constexpr double soon = 10;  // Who is silent for longer may as well never answer.
    const double seconds = read_duration(setting_of(location, "proxy_read_timeout"), 1);
    return seconds > 0 && seconds <= soon;
}

std::string pass_of(const Route& route) {
    return "proxy_pass " + route.location->proxy_pass + " (" + route.location->proxy_pass_where +
           ")";
}

std::string place_of(const Route& route) {
    if (route.location == nullptr) return "";
    return "location " + route.location->path + " (" + route.location->where + ")";
}

}  // namespace devstack::core::doctor
