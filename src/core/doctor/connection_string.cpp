#include "devstack/core/doctor/service_url.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <regex>
#include <string>

namespace devstack::core::doctor {

namespace {

using Settings = std::map<std::string, std::string, std::less<>>;

std::string lower(std::string_view text) {
    std::string result{text};
    std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
    return result;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && text.front() == ' ')
        text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ')
        text.remove_suffix(1);
    return text;
}

/// "Host=localhost;Port=5432;": names have no case, and may have spaces.
Settings read_semicolons(std::string_view text) {
    Settings settings;
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find(';'));
        text.remove_prefix(std::min(part.size() + 1, text.size()));
        const auto equals = part.find('=');
        if (equals == part.npos) continue;
        settings[lower(trim(part.substr(0, equals)))] = trim(part.substr(equals + 1));
    }
    return settings;
}

/// One value of "host = 'my host' port=5432"; the text goes on behind it.
std::string take_value(std::string_view& text) {
    std::string value;
    const bool is_quoted = text.starts_with('\'');
    if (is_quoted) text.remove_prefix(1);
    while (!text.empty() && text[0] != (is_quoted ? '\'' : ' ')) {
        if (text[0] == '\\' && text.size() > 1) text.remove_prefix(1);
        value += text[0];
        text.remove_prefix(1);
    }
    if (!text.empty()) text.remove_prefix(1);
    return value;
}

Settings read_words(std::string_view text) {
    Settings settings;
    while (!(text = trim(text)).empty()) {
        const auto equals = text.find('=');
        if (equals == text.npos) return {};
        const std::string name{trim(text.substr(0, equals))};
        if (name.find(' ') != name.npos) return {};
        text = trim(text.substr(equals + 1));
        settings[name] = take_value(text);
    }
    return settings;
}

std::string first_of(const Settings& settings, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        const auto found = settings.find(name);
        if (found != settings.end()) return found->second;
    }
    return "";
}

std::optional<ServiceUrl> make_url(const Settings& settings, const std::string& scheme) {
    ServiceUrl url;
    url.scheme = scheme;
    url.host = first_of(settings, {"host", "server", "data source"});
    url.user = first_of(settings, {"user", "username", "user id", "uid"});
    url.password = first_of(settings, {"password", "pwd"});
    const std::string database = first_of(settings, {"dbname", "database", "initial catalog"});
    const std::string port = first_of(settings, {"port"});
    url.port = usual_port(scheme);
    if (!port.empty()) std::from_chars(port.data(), port.data() + port.size(), url.port);
    const bool is_one = !url.host.empty() && url.host.find_first_of("/ ,") == url.host.npos &&
                        url.port > 0 && url.port < 65536 &&
                        (!url.user.empty() || !database.empty());
    if (!is_one) return std::nullopt;
    if (!database.empty()) url.path = "/" + database;
    const std::string mode = first_of(settings, {"sslmode", "ssl mode"});
    if (!mode.empty()) url.path += (url.path.empty() ? "/?sslmode=" : "?sslmode=") + lower(mode);
    return url;
}

std::optional<ServiceUrl> read_go_mysql(std::string_view text) {
    static const std::regex form{R"(^([^:@/]+)(?::(.*))?@tcp\(([^():]+)(?::(\d{1,5}))?\)/([^?]*))"};
    std::match_results<std::string_view::const_iterator> found;
    if (!std::regex_search(text.begin(), text.end(), found, form)) return std::nullopt;
    ServiceUrl url;
    url.scheme = "mysql";
    url.user = found[1].str();
    url.password = found[2].str();
    url.host = found[3].str();
    url.port = found[4].matched ? std::stoi(found[4].str()) : usual_port("mysql");
    url.path = "/" + found[5].str();
    return url;
}

bool is_hex(char c) {
    return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}

/// Of the part between "://" and the last "@".
std::string find_credentials_mistake(std::string_view credentials) {
    const auto colon = credentials.find(':');
    if (credentials.substr(0, colon).find_first_of("/?#") != credentials.npos) return "";
    const std::string_view password =
        colon == credentials.npos ? std::string_view{} : credentials.substr(colon + 1);
    // "db:5432/shop?name=me@host" has no credentials.
    const auto digits_end = password.find_first_not_of("0123456789");
    if (digits_end != password.npos && digits_end > 0 && password[digits_end] == '/') return "";
    struct Mark {
        char mark;
        std::string_view written;
    };
    for (const Mark it : {Mark{'#', "%23"}, Mark{'/', "%2F"}, Mark{'?', "%3F"}}) {
        if (password.find(it.mark) == password.npos) continue;
        return std::string{"has a \""} + it.mark + "\" in its password, which is to be written " +
               std::string{it.written};
    }
    for (auto at = password.find('%'); at != password.npos; at = password.find('%', at + 1)) {
        const bool is_code =
            at + 2 < password.size() && is_hex(password[at + 1]) && is_hex(password[at + 2]);
        if (!is_code) return "has a \"%\" in its password, which is to be written %25";
    }
    return "";
}

}  // namespace

std::optional<ServiceUrl> parse_connection_string(std::string_view text) {
    if (auto url = read_go_mysql(text)) return url;
    if (text.find('=') == text.npos || text.find("://") != text.npos) return std::nullopt;
    if (text.find(';') == text.npos) {
        const Settings settings = read_words(text);
        return settings.contains("host") ? make_url(settings, "postgresql") : std::nullopt;
    }
    const Settings settings = read_semicolons(text);
    // Npgsql says Host and Username; with Server it may be any of several products.
    const bool is_postgresql = settings.contains("host") && settings.contains("username");
    return is_postgresql ? make_url(settings, "postgresql") : std::nullopt;
}

std::string find_url_mistake(std::string_view text) {
    if (text.starts_with("jdbc:")) return "";
    const auto mark = text.find("://");
    if (mark == text.npos) return "";
    std::string scheme = lower(text.substr(0, std::min(mark, text.find('+'))));
    if (scheme == "postgres") scheme = "postgresql";
    // Of these it is known that they are URLs, and that clients decode them.
    if (product_of(scheme).empty()) return "";
    const std::string_view rest = text.substr(mark + 3);
    const auto at = rest.substr(0, rest.find_first_of(" \t\"'")).rfind('@');
    if (at == rest.npos) return "";
    return find_credentials_mistake(rest.substr(0, at));
}

}  // namespace devstack::core::doctor
