#pragma once

#include "devstack/core/doctor/facts.hpp"

#include <string>
#include <vector>

namespace devstack::core::doctor {

/// Absolute paths of which rules about proxies want to know what is there: sockets of upstreams,
/// files that requests have not found, or would find in another place.
std::vector<std::string> find_paths_of_interest(const Facts& facts);

/// A path as nginx has logged it.
std::string logged_path(const NginxFact& nginx, const std::string& path);
/// The socket that a location or an upstream server names by "unix:"; empty: none.
std::string socket_of(const NginxFact& nginx, const std::string& address);
/// Where the file would be if the path of the location were not appended to its root: what `alias`
/// does. Empty: it has no root, or its path is no prefix.
std::string path_by_alias(const NginxFact& nginx,
                          const NginxLocationFact& location,
                          const std::string& request);
/// The file that its try_files ends with; empty: none.
std::string fallback_file(const NginxFact& nginx, const NginxLocationFact& location);

/// "GET /api/x HTTP/1.1" in a line of nginx' error log: the path.
std::string request_of_line(const std::string& line);
/// "server: shop.test" in it: the first name of the server; empty: it has none.
std::string server_of_line(const std::string& line);

/// A file that nginx keeps what is too large for its buffers in: its name is a number.
bool is_temporary(const std::string& path);

}  // namespace devstack::core::doctor
