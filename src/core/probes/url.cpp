#include "devstack/core/probes/url.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

namespace devstack::core {

namespace {

Error invalid(std::string_view text, std::string_view why) {
    return {Error::Kind::invalid, "\"" + std::string{text} + "\" " + std::string{why}};
}

std::optional<Port> read_port(std::string_view text) {
    int number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || rest != end || number < 1 || number > 65535) return std::nullopt;
    return Port{static_cast<std::uint16_t>(number)};
}

bool is_host(std::string_view host) {
    return !host.empty() && std::all_of(host.begin(), host.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
    });
}

bool is_ipv6(std::string_view host) {
    return host.find(':') != std::string_view::npos &&
           std::all_of(host.begin(), host.end(), [](unsigned char c) {
               return std::isxdigit(c) != 0 || c == ':' || c == '.';
           });
}

/// A host, and the text behind its colon if it has one.
struct Authority {
    std::string_view host;
    std::optional<std::string_view> port;
};

std::optional<Authority> split_authority(std::string_view text) {
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        const std::string_view host = text.substr(1, close - 1);
        const std::string_view rest = text.substr(close + 1);
        if (!is_ipv6(host)) return std::nullopt;
        if (rest.empty()) return Authority{host, std::nullopt};
        if (!rest.starts_with(':')) return std::nullopt;
        return Authority{host, rest.substr(1)};
    }
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return Authority{text, std::nullopt};
    return Authority{text.substr(0, colon), text.substr(colon + 1)};
}

bool is_printable_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

bool starts_with_scheme(std::string_view text, std::string_view scheme) {
    if (text.size() < scheme.size()) return false;
    return std::equal(scheme.begin(), scheme.end(), text.begin(), [](char a, char b) {
        return a == std::tolower(static_cast<unsigned char>(b));
    });
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
    Url url;
    std::string_view rest = text;
    if (starts_with_scheme(text, "http://")) {
        rest.remove_prefix(7);
    } else if (starts_with_scheme(text, "https://")) {
        rest.remove_prefix(8);
        url.is_tls = true;
    } else {
        return invalid(text, "is not a URL: it must begin with http:// or https://");
    }
    if (!is_printable_ascii(text)) {
        return invalid(text,
                       "is not a URL: spaces, control characters and letters beyond ASCII must be "
                       "percent-encoded");
    }
    const auto path = std::min(rest.find_first_of("/?#"), rest.size());
    const std::string_view place = rest.substr(0, path);
    if (place.find('@') != std::string_view::npos) {
        return Error{Error::Kind::invalid, "a URL with a user name or password is not supported"};
    }
    const std::optional<Authority> authority = split_authority(place);
    if (!authority || (!is_host(authority->host) && !is_ipv6(authority->host))) {
        return invalid(text, "is not a URL: its host is missing or not a name or address");
    }
    url.host = authority->host;
    url.port = Port{static_cast<std::uint16_t>(url.is_tls ? 443 : 80)};
    if (authority->port) {
        const std::optional<Port> port = read_port(*authority->port);
        if (!port) return invalid(text, "is not a URL: its port must be 1 to 65535");
        url.port = *port;
    }
    const std::string_view target = rest.substr(path, rest.find('#', path) - path);
    url.target = target.starts_with('/') ? std::string{target} : "/" + std::string{target};
    return url;
}

std::string Url::origin() const {
    const bool is_default = port.number == (is_tls ? 443 : 80);
    std::string place = render_host_and_port(host, port);
    if (is_default) place.resize(place.rfind(':'));
    return (is_tls ? "https://" : "http://") + place;
}

Result<HostAndPort> parse_host_and_port(std::string_view text) {
    if (const std::optional<Port> port = read_port(text)) return HostAndPort{"localhost", *port};
    const std::optional<Authority> authority = split_authority(text);
    const std::optional<Port> port =
        authority && authority->port ? read_port(*authority->port) : std::nullopt;
    if (!port) {
        return invalid(text,
                       "is not a host and a port: write \"localhost:5432\" or \"[::1]:5432\", with "
                       "a port from 1 to 65535");
    }
    if (authority->host.empty()) return HostAndPort{"localhost", *port};
    if (!is_host(authority->host) && !is_ipv6(authority->host)) {
        return invalid(text, "is not a host and a port: its host is not a name or address");
    }
    return HostAndPort{std::string{authority->host}, *port};
}

std::string render_host_and_port(const std::string& host, Port port) {
    const bool is_ipv6_address = host.find(':') != std::string::npos;
    return (is_ipv6_address ? "[" + host + "]" : host) + ":" + to_string(port);
}

}  // namespace devstack::core
