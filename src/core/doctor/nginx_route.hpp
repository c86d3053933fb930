#pragma once

#include "core/doctor/picture.hpp"

#include <string>
#include <string_view>

// Which location of an nginx a request meets: what several rules ask.
namespace devstack::core::doctor {

struct Route {
    const NginxFact* nginx = nullptr;
    const NginxLocationFact* location = nullptr;  ///< Null: none is known.
    const NginxServerFact* server = nullptr;
};

/// Where nginx sends that request, by its port, host and path.
Route find_route(const Picture& picture, const DialFact& dial);
/// The location of the server with that name, when only this and the path are known; of any server,
/// where none has the name.
Route find_route(const NginxFact& nginx, const std::string& path, const std::string& server_name);
/// The request that a line of nginx' error log is about; empty: none.
std::string request_at(const LineFact& line, const NginxFact& nginx, const Picture& picture);
/// A setting in force there; empty: it is at its default.
std::string setting_of(const NginxLocationFact& location, std::string_view name);
/// It is configured to wait for an answer for some seconds only.
bool gives_up_soon(const NginxLocationFact& location);
/// "proxy_pass http://127.0.0.1:4000 (nginx.conf:10)", of a location that has it.
std::string pass_of(const Route& route);
/// "location /api/ (nginx.conf:20)"; empty where none is known.
std::string place_of(const Route& route);
/// The service, besides nginx, whose command names that Unix socket; null: none.
const ServiceFact* find_socket_maker(const std::string& socket,
                                     const NginxFact& nginx,
                                     const Picture& picture);

}  // namespace devstack::core::doctor
