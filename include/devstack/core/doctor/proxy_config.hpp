#pragma once

#include "devstack/core/doctor/facts.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace devstack::core::doctor {

/// What a configuration says of whom requests are passed to. `file` is how people know it. What is
/// not understood leaves the path of a route empty, rather than to be guessed.
std::vector<ProxyRouteFact> read_haproxy(const std::string& file, std::string_view text);
std::vector<ProxyRouteFact> read_caddy(const std::string& file, std::string_view text);
std::vector<ProxyRouteFact> read_apache(const std::string& file, std::string_view text);

/// `ports` are those that varnishd is told to listen on.
std::vector<ProxyRouteFact> read_varnish(const std::string& file,
                                         std::string_view text,
                                         const std::vector<std::string>& ports);

/// Of Traefik's file provider: its servers, of whatever router, and the ports of its entry points.
std::vector<ProxyRouteFact> read_traefik(const std::string& file, std::string_view text);
std::vector<std::string> read_traefik_ports(std::string_view text);

/// What it says of whom nothing is passed to.
std::vector<ProxyRuleFact> read_haproxy_rules(const std::string& file, std::string_view text);
std::vector<ProxyRuleFact> read_caddy_rules(const std::string& file, std::string_view text);
std::vector<ProxyRuleFact> read_varnish_rules(const std::string& file,
                                              std::string_view text,
                                              const std::vector<std::string>& ports);
/// Also of a .htaccess.
std::vector<ProxyRuleFact> read_apache_rules(const std::string& file, std::string_view text);
/// The first argument of a directive, by its lower-case name; empty: it is not there.
std::string find_apache_word(std::string_view text, std::string_view directive);
/// Of all directives whose name begins so: IncludeOptional is an Include.
std::vector<std::string> list_apache_words(std::string_view text, std::string_view directive);

/// The servers that a request on this port of a proxy may be passed to. Empty: it is passed to
/// nobody, or that can not be told.
std::vector<const ProxyRouteFact*> find_servers(const Facts& facts,
                                                int port,
                                                const std::string& path);
/// Of Apache a longer path that fits the request, which comes too late; null: there is none.
const ProxyRouteFact* find_shadowed(const Facts& facts, int port, const std::string& path);
/// Those of the port, where none is for the path; empty: one is, or that can not be told.
std::vector<const ProxyRouteFact*> find_unmatched(const Facts& facts,
                                                  int port,
                                                  const std::string& path);
/// What the server is asked for when the proxy is asked for `path`.
std::string passed_path(const ProxyRouteFact& route, const std::string& path);

}  // namespace devstack::core::doctor
