#include "devstack/core/doctor/nginx_config.hpp"

#include "devstack/core/doctor/service_url.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <map>
#include <regex>

namespace devstack::core::doctor {

namespace {

// ---- Text to directives ------------------------------------------------------------------------

class Reader {
public:
    Reader(const std::string& file, std::string_view text) : file_{file}, text_{text} {}

    NginxText read() {
        result_.directives = read_block(0);
        return std::move(result_);
    }

private:
    void fail(const std::string& problem) {
        if (!result_.problem.empty()) return;
        result_.problem = problem;
        result_.problem_line = line_;
    }
    bool has_failed() const { return !result_.problem.empty(); }

    /// A missing ";" makes the next line's words arguments of this one.
    void check_arguments(const NginxDirective& directive) {
        const auto& words = directive.words;
        if (words.size() > 2 && words[0] == "proxy_pass") {
            fail("invalid number of arguments in \"proxy_pass\" directive");
        }
    }

    std::vector<NginxDirective> read_block(int depth) {
        constexpr int depth_max = 20;
        std::vector<NginxDirective> directives;
        NginxDirective current;
        while (!has_failed()) {
            const std::string token = next();
            if (is_word_) {
                if (current.words.empty()) current.line = line_;
                current.words.push_back(token);
            } else if (token == ";") {
                if (current.words.empty()) fail("unexpected \";\"");
                check_arguments(current);
                current.file = file_;
                directives.push_back(std::move(current));
                current = {};
            } else if (token == "{") {
                if (current.words.empty()) fail("unexpected \"{\"");
                if (depth >= depth_max) fail("too many nested blocks");
                current.file = file_;
                current.has_block = true;
                if (!has_failed()) current.block = read_block(depth + 1);
                directives.push_back(std::move(current));
                current = {};
            } else if (token == "}") {
                if (!current.words.empty()) {
                    fail("directive \"" + current.words.front() + "\" is not terminated by \";\"");
                }
                if (depth == 0) fail("unexpected \"}\"");
                return directives;
            } else {  // The end.
                if (depth > 0 || !current.words.empty()) {
                    fail("unexpected end of file, expecting \";\" or \"}\"");
                }
                return directives;
            }
        }
        return directives;
    }

    /// A word, one of ";{}", or "" at the end.
    std::string next() {
        is_word_ = false;
        skip_space();
        if (at_ >= text_.size()) return "";
        const char c = text_[at_];
        if (c == ';' || c == '{' || c == '}') {
            ++at_;
            return std::string{c};
        }
        is_word_ = true;
        return c == '"' || c == '\'' ? quoted(c) : plain();
    }
    void skip_space() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '#') {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else if (std::isspace(static_cast<unsigned char>(c)) != 0) {
                if (c == '\n') ++line_;
                ++at_;
            } else {
                return;
            }
        }
    }
    std::string quoted(char quote) {
        std::string word;
        for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
            if (text_[at_] == '\n') ++line_;
            word += text_[at_];
        }
        ++at_;
        return word;
    }
    std::string plain() {
        std::string word;
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '\\' && at_ + 1 < text_.size()) {
                word += c;
                word += text_[++at_];
                continue;
            }
            if (c == '$' && at_ + 1 < text_.size() && text_[at_ + 1] == '{') {
                const auto end = text_.find('}', at_);
                if (end == text_.npos) break;
                word += text_.substr(at_, end - at_ + 1);
                at_ = end;
                continue;
            }
            const bool ends = c == ';' || c == '{' || std::isspace(static_cast<unsigned char>(c));
            if (ends) break;
            word += c;
        }
        return word;
    }

    std::string file_;
    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 1;
    bool is_word_ = false;
    NginxText result_;
};

// ---- Directives to facts -----------------------------------------------------------------------

/// What is worth knowing of a location.
constexpr std::array<std::string_view, 24> known_settings{"proxy_read_timeout",
                                                          "proxy_connect_timeout",
                                                          "proxy_send_timeout",
                                                          "client_max_body_size",
                                                          "proxy_buffering",
                                                          "proxy_http_version",
                                                          "proxy_cache",
                                                          "root",
                                                          "alias",
                                                          "return",
                                                          "rewrite",
                                                          "gzip",
                                                          "proxy_ssl_server_name",
                                                          "proxy_ssl_name",
                                                          "proxy_next_upstream",
                                                          "proxy_buffer_size",
                                                          "resolver",
                                                          "try_files",
                                                          "auth_request",
                                                          "auth_basic",
                                                          "auth_basic_user_file",
                                                          "deny",
                                                          "limit_except",
                                                          "error_page"};

using Settings = std::map<std::string, std::string>;

std::string rest_of(const std::vector<std::string>& words) {
    std::string text;
    for (std::size_t i = 1; i < words.size(); ++i)
        text += (i == 1 ? "" : " ") + words[i];
    return text;
}

void take_setting(const NginxDirective& directive, Settings& settings) {
    const std::string& name = directive.words.front();
    if (name == "rewrite" && settings.contains(name)) {
        settings[name] += "; " + rest_of(directive.words);
    } else if (std::ranges::find(known_settings, std::string_view{name}) != known_settings.end()) {
        settings[name] = rest_of(directive.words);
    } else if (name == "proxy_set_header" && directive.words.size() > 2) {
        settings["proxy_set_header " + directive.words[1]] = directive.words[2];
    }
}

NginxListenFact read_listen(const std::vector<std::string>& words) {
    NginxListenFact listen;
    const std::string text = words.size() > 1 ? words[1] : "";
    const auto colon = text.rfind(':');
    const bool has_address = colon != text.npos && text.find(']', colon) == text.npos;
    const std::string port = has_address ? text.substr(colon + 1) : text;
    std::from_chars(port.data(), port.data() + port.size(), listen.port);
    if (has_address) listen.address = text.substr(0, colon);
    if (!has_address && listen.port == 0) {
        listen.address = text;
        listen.port = 80;
    }
    listen.is_tls = std::ranges::find(words, "ssl") != words.end();
    listen.is_default = std::ranges::find(words, "default_server") != words.end();
    listen.is_proxied = std::ranges::find(words, "proxy_protocol") != words.end();
    return listen;
}

class Summary {
public:
    explicit Summary(NginxFact& fact) : fact_{fact} {}

    void walk(const std::vector<NginxDirective>& directives, Settings settings) {
        for (const NginxDirective& it : directives)
            take_setting(it, settings);
        for (const NginxDirective& it : directives) {
            const std::string& name = it.words.front();
            if (name == "http") walk(it.block, settings);
            if (name == "server" && it.has_block) take_server(it, settings);
            if (name == "upstream" && it.words.size() > 1) take_upstream(it);
            if (name == "error_log" && it.words.size() > 1) fact_.error_log = it.words[1];
            if (name == "user" && it.words.size() > 1) fact_.user = it.words[1];
        }
    }

private:
    void take_server(const NginxDirective& directive, Settings settings) {
        NginxServerFact server;
        server.where = directive.where();
        for (const NginxDirective& it : directive.block) {
            take_setting(it, settings);
            if (it.words.front() == "listen") server.listens.push_back(read_listen(it.words));
            if (it.words.front() == "return") server.returns = rest_of(it.words);
            if (it.words.front() == "server_name") {
                server.names.assign(it.words.begin() + 1, it.words.end());
            }
        }
        if (server.listens.empty()) server.listens.push_back({"", 80, false});
        take_locations(directive.block, settings, server);
        fact_.servers.push_back(std::move(server));
    }
    void take_locations(const std::vector<NginxDirective>& block,
                        const Settings& inherited,
                        NginxServerFact& server) {
        for (const NginxDirective& it : block) {
            if (it.words.front() != "location" || it.words.size() < 2) continue;
            NginxLocationFact location;
            location.where = it.where();
            location.path = it.words.back();
            if (it.words.size() > 2) location.modifier = it.words[1];
            Settings settings = inherited;
            for (const NginxDirective& inner : it.block) {
                take_setting(inner, settings);
                if (inner.words.size() > 1) take_pass(inner, location);
            }
            for (const auto& [name, value] : settings)
                location.settings.push_back({name, value});
            server.locations.push_back(std::move(location));
            take_locations(it.block, settings, server);
        }
    }
    static void take_pass(const NginxDirective& directive, NginxLocationFact& location) {
        const std::string& name = directive.words[0];
        if (name == "proxy_pass") {
            location.proxy_pass = directive.words[1];
            location.proxy_pass_where = directive.where();
        } else if (name == "fastcgi_pass" || name == "uwsgi_pass" || name == "scgi_pass" ||
                   name == "grpc_pass") {
            location.other_pass = name + " " + directive.words[1];
            location.other_pass_where = directive.where();
        }
    }
    void take_upstream(const NginxDirective& directive) {
        NginxUpstreamFact upstream;
        upstream.name = directive.words[1];
        upstream.where = directive.where();
        for (const NginxDirective& it : directive.block) {
            if (it.words.front() == "server" && it.words.size() > 1) {
                if (std::ranges::find(it.words, "down") != it.words.end()) {
                    upstream.down.push_back(it.words[1]);
                    continue;
                }
                upstream.servers.push_back(it.words[1]);
                upstream.server_places.push_back(it.where());
            }
            if (it.words.front() == "keepalive" && it.words.size() > 1) {
                const std::string& count = it.words[1];
                std::from_chars(count.data(), count.data() + count.size(), upstream.keepalive);
            }
        }
        fact_.upstreams.push_back(std::move(upstream));
    }

    NginxFact& fact_;
};

bool matches_regex(const NginxLocationFact& location, const std::string& path) {
    // Standard C++ may only throw for a pattern that is none.
    try {
        auto flags = std::regex::ECMAScript;
        if (location.modifier == "~*") flags |= std::regex::icase;
        return std::regex_search(path, std::regex{location.path, flags});
    } catch (const std::regex_error&) {
        return false;
    }
}

/// Both are numbers, and other ones.
bool is_elsewhere(const std::string& address, const std::string& host) {
    constexpr std::string_view digits = "0123456789.";
    const bool are_numbers = !address.empty() &&
                             address.find_first_not_of(digits) == address.npos &&
                             host.find_first_not_of(digits) == host.npos;
    return are_numbers && address != "0.0.0.0" && address != host;
}

/// How well a server_name fits; 0: not at all. The order is that of nginx: the name itself, a
/// wildcard in front, one behind, a regular expression (nginx.org/en/docs/http/server_names.html).
int rank_of_name(const std::string& name, const std::string& host) {
    if (name == host) return 6;
    if (name.starts_with('.') && (host == name.substr(1) || host.ends_with(name))) return 5;
    if (name.starts_with("*.") && host.ends_with(name.substr(1))) return 5;
    if (name.ends_with(".*") && host.starts_with(name.substr(0, name.size() - 1))) return 4;
    if (!name.starts_with('~')) return 0;
    try {
        return std::regex_search(host, std::regex{name.substr(1), std::regex::icase}) ? 3 : 0;
    } catch (const std::regex_error&) {
        return 0;
    }
}

/// From the name of a group to its first server. False: that is a socket in the file system.
bool enter_upstream(const NginxFact& nginx, ProxyTarget& target) {
    const auto upstream = std::ranges::find(nginx.upstreams, target.host, &NginxUpstreamFact::name);
    if (upstream == nginx.upstreams.end()) return true;
    if (upstream->servers.empty() || upstream->servers[0].starts_with("unix:")) return false;
    const auto server = parse_service_url("http://" + upstream->servers.front());
    if (!server) return false;
    target.host = server->host;
    target.port = server->port;
    return true;
}

}  // namespace

NginxText parse_nginx(const std::string& file, std::string_view text) {
    return Reader{file, text}.read();
}

void summarise_nginx(const std::vector<NginxDirective>& directives, NginxFact& fact) {
    Summary{fact}.walk(directives, {});
}

std::string host_of(const DialFact& dial) {
    for (const HeaderFact& it : dial.sent) {
        if (it.name == "Host" || it.name == "host") return it.value;
    }
    return dial.host;
}

bool is_page_for_api(const DialFact& dial) {
    const auto type =
        std::ranges::find(dial.headers, std::string{"content-type"}, &HeaderFact::name);
    const bool is_page =
        type != dial.headers.end() && type->value.find("text/html") != std::string::npos;
    static const std::regex api{"^/(?:api|graphql|rpc|v\\d+)(?:[/?_-]|$)"};
    return dial.status == 200 && is_page && std::regex_search(dial.path, api);
}

const NginxServerFact* find_server(const NginxFact& nginx, int port, std::string host) {
    std::ranges::transform(host, host.begin(), [](unsigned char c) { return std::tolower(c); });
    const auto colon = host.rfind(':');
    if (colon != host.npos && host.find(']', colon) == host.npos &&
        std::ranges::count(host.substr(0, colon), ':') == 0) {
        host.resize(colon);
    }
    const NginxServerFact* best = nullptr;
    int best_rank = 0;
    for (const NginxServerFact& server : nginx.servers) {
        for (const NginxListenFact& listen : server.listens) {
            if (listen.port != port || is_elsewhere(listen.address, host)) continue;
            int rank = listen.is_default ? 2 : 1;
            for (const std::string& name : server.names)
                rank = std::max(rank, rank_of_name(name, host));
            if (rank <= best_rank) continue;
            best = &server;
            best_rank = rank;
        }
    }
    return best;
}

const NginxLocationFact* find_location(const NginxServerFact& server, const std::string& target) {
    const std::string path = target.substr(0, target.find('?'));
    const NginxLocationFact* longest = nullptr;
    for (const NginxLocationFact& it : server.locations) {
        if (it.modifier == "=" && it.path == path) return &it;
        const bool is_prefix = it.modifier.empty() || it.modifier == "^~";
        if (!is_prefix || !path.starts_with(it.path)) continue;
        if (longest == nullptr || it.path.size() > longest->path.size()) longest = &it;
    }
    if (longest != nullptr && longest->modifier == "^~") return longest;
    for (const NginxLocationFact& it : server.locations) {
        if (it.modifier.starts_with('~') && matches_regex(it, path)) return &it;
    }
    return longest;
}

std::optional<ProxyTarget> find_target(const NginxFact& nginx,
                                       const NginxLocationFact& location,
                                       const std::string& path) {
    if (location.proxy_pass.find('$') != std::string::npos) return std::nullopt;
    const auto url = parse_service_url(location.proxy_pass);
    if (!url || url->host == "unix") return std::nullopt;  // A socket in the file system.
    ProxyTarget target{url->scheme, url->host, url->port, path};
    if (!enter_upstream(nginx, target)) return std::nullopt;
    // With a path in proxy_pass, it stands in the place of the location's.
    const bool is_prefix = !location.modifier.starts_with('~');
    if (!url->path.empty() && is_prefix && path.starts_with(location.path)) {
        target.path = url->path + path.substr(location.path.size());
    }
    return target;
}

std::optional<ProxyTarget> find_other_target(const NginxFact& nginx,
                                             const NginxLocationFact& location) {
    const auto space = location.other_pass.find(' ');
    if (space == std::string::npos) return std::nullopt;
    std::string server = location.other_pass.substr(space + 1);
    const auto scheme_end = server.find("://");  // Only grpc_pass has one.
    if (scheme_end != server.npos) server.erase(0, scheme_end + 3);
    if (server.starts_with("unix:") || server.find('$') != server.npos) return std::nullopt;
    const auto url = parse_service_url("http://" + server);
    if (!url) return std::nullopt;
    const std::string scheme = location.other_pass.substr(0, location.other_pass.find('_'));
    ProxyTarget target{scheme, url->host, url->port, location.path};
    if (!enter_upstream(nginx, target)) return std::nullopt;
    return target;
}

}  // namespace devstack::core::doctor
