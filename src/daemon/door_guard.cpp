#include "daemon/door_guard.hpp"

#include "devstack/base/ip_address.hpp"

#include "daemon/dashboard_page.hpp"

#include <algorithm>

namespace devstack::daemon {

namespace {

constexpr std::string_view cookie_name = "devstack_token=";
constexpr std::string_view bearer = "Bearer ";

/// Takes as long for a good guess as for a bad one.
bool is_same(std::string_view given, std::string_view token) {
    if (given.size() != token.size()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < token.size(); ++i) {
        difference |= static_cast<unsigned>(given[i] ^ token[i]);
    }
    return difference == 0;
}

/// "name:port" without the port; "[::1]:80" is "::1".
std::string_view name_in(std::string_view host) {
    if (host.starts_with('[')) {
        const std::size_t end = host.find(']');
        return end == std::string_view::npos ? host : host.substr(1, end - 1);
    }
    return host.substr(0, host.rfind(':'));
}

std::string_view token_in_cookie(std::string_view cookie) {
    while (!cookie.empty()) {
        const std::string_view one = cookie.substr(0, cookie.find(';'));
        const std::size_t begin = std::min(one.find_first_not_of(' '), one.size());
        const std::string_view trimmed = one.substr(begin);
        if (trimmed.starts_with(cookie_name)) return trimmed.substr(cookie_name.size());
        cookie.remove_prefix(std::min(one.size() + 1, cookie.size()));
    }
    return {};
}

}  // namespace

std::optional<DoorGuard::Refusal> DoorGuard::check(const Visitor& visitor) const {
    if (!is_our_name(visitor.host)) {
        return Refusal{403,
                       "the request is for the host \"" + std::string{visitor.host.substr(0, 100)} +
                           "\", which is not a name of this listener"};
    }
    if (!visitor.origin.empty() && visitor.origin != "http://" + std::string{visitor.host}) {
        return Refusal{403,
                       "requests from pages of " + std::string{visitor.origin.substr(0, 100)} +
                           " are not answered"};
    }
    const bool is_for_all = visitor.path == "/healthz" || is_dashboard_path(visitor.path);
    if (is_for_all || knows_token(visitor)) return std::nullopt;
    return Refusal{401,
                   "this needs the token in " + door_.token_file +
                       ": Authorization: Bearer TOKEN, or the parameter token=TOKEN"};
}

bool DoorGuard::is_our_name(std::string_view host) const {
    const std::string name{name_in(host)};
    if (name == "localhost" || is_loopback(name)) return true;
    return name == door_.address || (door_.is_remote && !name.empty());
}

bool DoorGuard::knows_token(const Visitor& visitor) const {
    std::string_view authorization = visitor.authorization;
    if (authorization.starts_with(bearer)) authorization.remove_prefix(bearer.size());
    for (const std::string_view given :
         {authorization, token_in_cookie(visitor.cookie), visitor.token}) {
        if (is_same(given, door_.token)) return true;
    }
    return false;
}

}  // namespace devstack::daemon
