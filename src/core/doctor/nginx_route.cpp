#include "core/doctor/nginx_route.hpp"

#include "devstack/core/doctor/nginx_config.hpp"

#include "core/doctor/config_words.hpp"

#include <algorithm>

namespace devstack::core::doctor {

Route find_route(const Picture& picture, int port, const std::string& path) {
    for (const NginxFact& nginx : picture.facts().nginx) {
        for (const NginxServerFact& server : nginx.servers) {
            const bool listens = std::ranges::any_of(
                server.listens, [&](const NginxListenFact& it) { return it.port == port; });
            if (!listens) continue;
            if (const auto* location = find_location(server, path)) return {&nginx, location};
        }
    }
    return {};
}

Route find_route(const NginxFact& nginx, const std::string& path) {
    for (const NginxServerFact& server : nginx.servers) {
        if (const auto* location = find_location(server, path)) return {&nginx, location};
    }
    return {};
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
