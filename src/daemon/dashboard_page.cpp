#include "daemon/dashboard_page.hpp"

#include "devstack/dashboard/assets.hpp"

#include <string>

namespace devstack::daemon {

namespace {

constexpr std::string_view folder = "/dashboard/";

/// The page loads its own files and talks to its own origin, and no other page may frame it or read
/// it. Nothing in it is ever parsed as HTML or as a script.
const std::vector<std::pair<std::string, std::string>> page_headers = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
     "require-trusted-types-for 'script'; trusted-types 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
    {"Cache-Control", "no-cache"},
};

}  // namespace

bool is_dashboard_path(std::string_view path) {
    return path == "/" || path.starts_with(folder);
}

std::optional<ControlReply> dashboard_reply(std::string_view path) {
    if (!is_dashboard_path(path)) return std::nullopt;
    const std::string_view name = path == "/" ? "index.html" : path.substr(folder.size());
    const auto asset = dashboard::find_asset(name);
    if (!asset) return std::nullopt;
    ControlReply reply{200, std::string{asset->content}, std::string{asset->type}};
    reply.headers = page_headers;
    return reply;
}

}  // namespace devstack::daemon
