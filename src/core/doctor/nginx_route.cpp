#include "core/doctor/nginx_route.hpp"

#include "devstack/core/doctor/nginx_config.hpp"
#include "devstack/core/doctor/proxy_paths.hpp"

#include "core/doctor/config_words.hpp"

#include <algorithm>

namespace devstack::core::doctor {

namespace {

/// What Lua says has a trace below it, and the request behind that.
std::string find_request(const LineFact& line, const LogFact& log) {
    constexpr std::size_t lines_max = 40;
    std::string request = request_of_line(line.text);
    if (!contains(line.text, "ua")) return request;
    const auto at = static_cast<std::size_t>(&line - log.lines.data());
    for (std::size_t i = at + 1; request.empty() && i < std::min(log.lines.size(), at + lines_max);
         ++i) {
        const std::string& text = log.lines[i].text;
        if (text.starts_with("20") && contains(text, "] ")) break;
        request = request_of_line(text);
    }
    return request;
}

const LogFact* log_of(const LineFact& line, const NginxFact& nginx, const Picture& picture) {
    for (const LogFact& log : picture.facts().logs) {
        const bool has_it =
            !log.lines.empty() && &line >= log.lines.data() && &line <= &log.lines.back();
        if (log.service == nginx.service && has_it) return &log;
    }
    return nullptr;
}

}  // namespace

std::string request_at(const LineFact& line, const NginxFact& nginx, const Picture& picture) {
    const LogFact* const log = log_of(line, nginx, picture);
    return log == nullptr ? request_of_line(line.text) : find_request(line, *log);
}

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

const ServiceFact* find_socket_maker(const std::string& socket,
                                     const NginxFact& nginx,
                                     const Picture& picture) {
    const auto& services = picture.facts().services;
    const auto maker = std::ranges::find_if(services, [&](const ServiceFact& it) {
        const bool names_it = contains(it.command, base_of(socket)) ||
                              std::ranges::any_of(it.words, [&](const std::string& word) {
                                  return word.ends_with(base_of(socket));
                              });
        return it.name != nginx.service && names_it;
    });
    return maker == services.end() ? nullptr : &*maker;
}

}  // namespace devstack::core::doctor
