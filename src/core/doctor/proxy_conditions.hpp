#pragma once

#include <string>
#include <string_view>

namespace devstack::core::doctor {

/// What conditions of a proxy ask about.
struct ProxyRequest {
    std::string method = "GET";
    std::string path;    ///< Without the query.
    std::string host;    ///< As the header has it: with the port.
    std::string client;  ///< Its address; empty: unknown.
};

enum class Applies { no, yes, unknown };

/// Whether "if { path_beg /api } !{ src 10.0.0.0/8 }" of HAProxy does (its configuration manual,
/// 7.2); empty ones always do.
Applies evaluate(std::string_view condition, const ProxyRequest& request);

/// "10.0.0.0/8", "127.0.0.1"; unknown: it is neither, or of IPv6.
Applies is_in_network(std::string_view address, std::string_view network);

}  // namespace devstack::core::doctor
