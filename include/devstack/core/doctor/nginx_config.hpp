#pragma once

#include "devstack/core/doctor/facts.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace devstack::core::doctor {

/// One directive of an nginx configuration; with a block, or without.
struct NginxDirective {
    std::vector<std::string> words;  ///< Its name first.
    std::string file;
    int line = 0;
    bool has_block = false;
    std::vector<NginxDirective> block;

    std::string where() const { return file + ":" + std::to_string(line); }
};

struct NginxText {
    std::vector<NginxDirective> directives;
    std::string problem;  ///< As nginx would refuse it; empty: none.
    int problem_line = 0;
};

/// Reads a configuration file, or one that it includes, as nginx would. What has been read before a
/// mistake is there.
NginxText parse_nginx(const std::string& file, std::string_view text);

/// What the directives (with includes in their places) come to: servers with their locations and
/// all settings in force there, and upstreams.
void summarise_nginx(const std::vector<NginxDirective>& directives, NginxFact& fact);

/// The host that a request names: that of its URL, or of its header.
std::string host_of(const DialFact& dial);
/// The server that nginx picks for a host on a port: the one that names it best, else the default
/// one, else the first. Null: none listens there. A port behind the host is left out.
const NginxServerFact* find_server(const NginxFact& nginx, int port, std::string host);

/// A path that sounds like one of an API is answered with a page of HTML: the one for all paths of
/// a single-page application, as a rule.
bool is_page_for_api(const DialFact& dial);

/// The location that nginx picks for a path; null if there is none.
const NginxLocationFact* find_location(const NginxServerFact& server, const std::string& path);

/// Where a location sends what is asked for at `path`: the target's host, port and path. Empty when
/// it proxies nothing, or by a variable.
struct ProxyTarget {
    std::string scheme;
    std::string host;
    int port = 0;
    std::string path;
};
std::optional<ProxyTarget> find_target(const NginxFact& nginx,
                                       const NginxLocationFact& location,
                                       const std::string& path);
/// Where fastcgi_pass, uwsgi_pass, scgi_pass and grpc_pass lead; the scheme is "fastcgi" and so on.
std::optional<ProxyTarget> find_other_target(const NginxFact& nginx,
                                             const NginxLocationFact& location);

/// What the rewrites of a location that end with break make of a path; empty: none applies, or they
/// lead elsewhere.
std::string rewritten_path(const NginxLocationFact& location, const std::string& path);

}  // namespace devstack::core::doctor
