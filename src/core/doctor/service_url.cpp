#include "devstack/core/doctor/service_url.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace devstack::core::doctor {

namespace {

struct Scheme {
    std::string_view name;
    int port;
    std::string_view product;
};

constexpr std::array<Scheme, 19> schemes{{{"http", 80, ""},
                                          {"https", 443, ""},
                                          {"ws", 80, ""},
                                          {"wss", 443, ""},
                                          {"postgresql", 5432, "PostgreSQL"},
                                          {"mysql", 3306, "MySQL"},
                                          {"mariadb", 3306, "MariaDB"},
                                          {"redis", 6379, "Redis"},
                                          {"rediss", 6379, "Redis"},
                                          {"mongodb", 27017, "MongoDB"},
                                          {"amqp", 5672, "RabbitMQ"},
                                          {"amqps", 5671, "RabbitMQ"},
                                          {"nats", 4222, "NATS"},
                                          {"memcached", 11211, "memcached"},
                                          {"sqlserver", 1433, "SQL Server"},
                                          {"clickhouse", 9000, "ClickHouse"},
                                          {"elasticsearch", 9200, "Elasticsearch"},
                                          {"kafka", 9092, "Kafka"},
                                          {"tcp", 0, ""}}};

const Scheme* find_scheme(std::string_view name) {
    const auto* found = std::ranges::find(schemes, name, &Scheme::name);
    return found == schemes.end() ? nullptr : found;
}

std::string decode(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        int code = 0;
        if (text[i] == '%' && i + 2 < text.size() &&
            std::from_chars(text.data() + i + 1, text.data() + i + 3, code, 16).ec == std::errc{}) {
            result += static_cast<char>(code);
            i += 2;
        } else {
            result += text[i];
        }
    }
    return result;
}

/// "postgresql+asyncpg" and "postgres" are postgresql.
std::string canonical_scheme(std::string_view text) {
    std::string scheme{text.substr(0, text.find('+'))};
    std::ranges::transform(scheme, scheme.begin(), [](unsigned char c) { return std::tolower(c); });
    if (text.starts_with("mongodb+")) return "mongodb";
    if (scheme == "mysql2") return "mysql";
    return scheme == "postgres" ? "postgresql" : scheme;
}

bool is_scheme(std::string_view text) {
    return !text.empty() && std::isalpha(static_cast<unsigned char>(text[0])) != 0 &&
           std::ranges::all_of(text, [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.';
           });
}

void take_credentials(std::string_view& authority, ServiceUrl& url) {
    const auto at = authority.rfind('@');
    if (at == authority.npos) return;
    const std::string_view credentials = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    const auto colon = credentials.find(':');
    url.user = decode(credentials.substr(0, colon));
    if (colon != credentials.npos) url.password = decode(credentials.substr(colon + 1));
}

bool take_host(std::string_view authority, ServiceUrl& url) {
    authority = authority.substr(0, authority.find(','));
    std::string_view port;
    if (authority.starts_with('[')) {
        const auto close = authority.find(']');
        if (close == authority.npos) return false;
        url.host = authority.substr(1, close - 1);
        if (close + 1 < authority.size()) port = authority.substr(close + 2);
    } else {
        const auto colon = authority.find(':');
        url.host = authority.substr(0, colon);
        if (colon != authority.npos) port = authority.substr(colon + 1);
    }
    url.port = usual_port(url.scheme);
    if (port.empty()) return !url.host.empty();
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    return error == std::errc{} && end == port.data() + port.size() && url.port > 0 &&
           url.port < 65536 && !url.host.empty();
}

}  // namespace

std::string ServiceUrl::shown() const {
    std::string text = scheme + "://";
    if (!user.empty()) text += user + (password.empty() ? "" : ":***") + "@";
    text += host.find(':') == host.npos ? host : "[" + host + "]";
    if (port != 0 && port != usual_port(scheme)) text += ":" + std::to_string(port);
    return text + path;
}

std::optional<ServiceUrl> parse_service_url(std::string_view text) {
    if (text.starts_with("jdbc:")) text.remove_prefix(5);
    const auto mark = text.find("://");
    if (mark == text.npos || !is_scheme(text.substr(0, mark))) return std::nullopt;
    ServiceUrl url;
    url.scheme = canonical_scheme(text.substr(0, mark));
    text.remove_prefix(mark + 3);
    const auto end = text.find_first_of("/?# \t\"'`<>");
    std::string_view authority = text.substr(0, end);
    if (end != text.npos && (text[end] == '/' || text[end] == '?')) {
        const std::string_view path = text.substr(end);
        url.path = path.substr(0, path.find_first_of("# \t\"'`<>"));
    }
    take_credentials(authority, url);
    if (!take_host(authority, url)) return std::nullopt;
    return url;
}

int usual_port(std::string_view scheme) {
    const Scheme* const found = find_scheme(scheme);
    return found == nullptr ? 0 : found->port;
}

std::string product_of(std::string_view scheme) {
    const Scheme* const found = find_scheme(scheme);
    return found == nullptr ? "" : std::string{found->product};
}

std::string product_at(int port) {
    constexpr int of_many = 9000;  // ClickHouse's, PHP-FPM's and MinIO's.
    if (port == of_many) return "";
    for (const Scheme& scheme : schemes) {
        if (scheme.port == port && !scheme.product.empty()) return std::string{scheme.product};
    }
    return "";
}

std::string parameter_of(std::string_view path, std::string_view name) {
    for (auto at = path.find_first_of("?&"); at != path.npos; at = path.find('&', at + 1)) {
        const std::string_view rest = path.substr(at + 1);
        const bool is_it = rest.starts_with(name) && rest.substr(name.size()).starts_with('=');
        if (is_it)
            return std::string{rest.substr(name.size() + 1, rest.find('&') - name.size() - 1)};
    }
    return "";
}

bool insists_on_tls(std::string_view path) {
    const std::string mode = parameter_of(path, "sslmode");
    return mode == "require" || mode == "verify-ca" || mode == "verify-full" ||
           parameter_of(path, "ssl") == "true";
}

}  // namespace devstack::core::doctor
