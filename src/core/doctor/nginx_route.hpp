#pragma once

#include "core/doctor/picture.hpp"

#include <string>
#include <string_view>

// Which location of an nginx a request meets: what several rules ask.
namespace devstack::core::doctor {

struct Route {
    const NginxFact* nginx = nullptr;
    const NginxLocationFact* location = nullptr;  ///< Null: none is known.
};

/// Where nginx sends what is asked for at `port` and `path`.
Route find_route(const Picture& picture, int port, const std::string& path);
/// The location of any server, when only the path is known.
Route find_route(const NginxFact& nginx, const std::string& path);
/// A setting in force there; empty: it is at its default.
std::string setting_of(const NginxLocationFact& location, std::string_view name);
/// It is configured to wait for an answer for some seconds only.
bool gives_up_soon(const NginxLocationFact& location);
/// "proxy_pass http://127.0.0.1:4000 (nginx.conf:10)", of a location that has it.
std::string pass_of(const Route& route);
/// "location /api/ (nginx.conf:20)"; empty where none is known.
std::string place_of(const Route& route);

}  // namespace devstack::core::doctor
