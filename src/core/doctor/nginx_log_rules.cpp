// What nginx writes to its error log of requests that it could not serve. A line is told with the
// location of the configuration that the request has met.

#include "devstack/core/doctor/nginx_config.hpp"
#include "devstack/core/doctor/proxy_paths.hpp"

#include "core/doctor/access_lines.hpp"
#include "core/doctor/nginx_route.hpp"

#include <algorithm>
#include <functional>
#include <regex>

namespace devstack::core::doctor {

namespace {

/// A line with what is known of its request.
struct Trouble {
    const NginxFact& nginx;
    const Picture& picture;
    Route route;
    std::string request;              ///< "/api/upload".
    std::vector<std::string> caught;  ///< By the pattern; the first is all of it.

    std::string in_place() const {
        return route.location == nullptr ? "" : ", in " + place_of(route);
    }
    std::string setting(std::string_view name, const std::string& usual) const {
        const std::string value =
            route.location == nullptr ? "" : setting_of(*route.location, name);
        return value.empty() ? usual : value;
    }
    /// "proxy_pass http://127.0.0.1:4000 (nginx.conf:10)".
    std::string upstream() const {
        if (route.location == nullptr || route.location->proxy_pass.empty()) return "its upstream";
        return pass_of(route);
    }
    /// The service behind it; null: none of this project's.
    const ServiceFact* server() const {
        if (route.location == nullptr) return nullptr;
        const auto target = find_target(nginx, *route.location, request);
        if (!target || !is_local(target->host)) return nullptr;
        const ServiceFact* const owner = picture.owner_of(target->port);
        return owner == nullptr || owner->name == nginx.service ? nullptr : owner;
    }
    const PathFact* path(const std::string& absolute) const {
        const auto& paths = picture.facts().paths;
        const auto found = std::ranges::find(paths, absolute, &PathFact::path);
        return found == paths.end() ? nullptr : &*found;
    }
    std::string where() const { return route.location == nullptr ? nginx.config : place_of(route); }
};

void tell_body_size(const Trouble& it, Finding& finding) {
    finding.what = "nginx refuses uploads to " + it.request +
                   " with 413: they are larger than client_max_body_size, which is " +
                   it.setting("client_max_body_size", "at its default of 1m") +
                   (it.route.location == nullptr ? "." : " in " + place_of(it.route) + ".");
    finding.fix = "set client_max_body_size 10m; (or what is needed) in " + it.nginx.config +
                  ", then nginx -t and reload";
}

void tell_timeout(const Trouble& it, Finding& finding) {
    finding.what = "nginx gives up on " + it.request +
                   " and answers 504: its proxy_read_timeout of " +
                   it.setting("proxy_read_timeout", "60s (the default)") +
                   " is shorter than the backend's answer" + it.in_place() + ".";
    finding.fix = "raise proxy_read_timeout in " + it.nginx.config +
                  " above the longest answer of the backend, or make that faster";
    // Then it is this, rather than somebody who hangs.
    if (it.route.location != nullptr && gives_up_soon(*it.route.location)) finding.strength = 88;
}

void tell_forbidden_file(const Trouble& it, Finding& finding) {
    finding.what = "nginx may not read " + it.caught[1] + " for " + it.request +
                   ": permission denied, on the file or a directory above it" + it.in_place() + ".";
    finding.fix = "namei -l " + it.caught[1] +
                  " shows where; the user of nginx' workers needs r on the file and x on each "
                  "directory";
}

/// A file that would be found if the path of the location were not in its name twice.
const PathFact* find_by_alias(const Trouble& it) {
    if (it.route.location == nullptr) return nullptr;
    const PathFact* const found = it.path(path_by_alias(it.nginx, *it.route.location, it.request));
    return found == nullptr || found->kind != "file" ? nullptr : found;
}

/// It is no file for the request, but the list of who may make it.
bool tell_missing_users(const Trouble& it, Finding& finding) {
    const std::string users = it.setting("auth_basic_user_file", "");
    if (users.empty() || !it.caught[1].ends_with(users)) return false;
    finding.id = "proxy-user-file-missing";
    finding.what = "nginx lets nobody in for " + it.request + ": the file of users " +
                   it.caught[1] + " (auth_basic_user_file) does not exist" + it.in_place() + ".";
    finding.fix = "make it (htpasswd -c " + users + " USER), or correct auth_basic_user_file in " +
                  it.where();
    return true;
}

/// "alias assets;" for "location /static/" makes "assetsapp.js" of "/static/app.js".
bool tell_short_alias(const Trouble& it, Finding& finding) {
    const std::string alias = it.setting("alias", "");
    const bool is_short = !alias.empty() && !alias.ends_with('/') && it.route.location != nullptr &&
                          it.route.location->path.ends_with('/');
    if (!is_short) return false;
    finding.what =
        "nginx looks for " + it.request + " in " + it.caught[1] + ", which does not exist: alias " +
        alias + " has no slash at its end, as the path of its location has" + it.in_place() + ".";
    finding.fix = "write alias " + alias + "/; in " + it.where() + ", then nginx -t and reload";
    return true;
}

void tell_missing_file(const Trouble& it, Finding& finding) {
    if (tell_missing_users(it, finding) || tell_short_alias(it, finding)) return;
    const std::string root = it.setting("root", it.setting("alias", ""));
    finding.what = "nginx looks for " + it.request + " in " + it.caught[1] +
                   ", which does not exist" + (root.empty() ? "" : "; root is " + root) +
                   it.in_place() + ".";
    finding.fix = "correct root in " + it.where() + ", or put the file there";
    const PathFact* const other = find_by_alias(it);
    if (other == nullptr) return;
    const std::string& path = it.route.location->path;
    finding.what = "nginx looks for " + it.request + " in " + it.caught[1] +
                   ", which does not exist, since root " + root +
                   " is put before the whole path, " + path + " too" + it.in_place() + "; " +
                   it.picture.shown(other->path) + " is there.";
    finding.fix = "write alias " + root + (path.ends_with('/') && !root.ends_with('/') ? "/" : "") +
                  "; in place of root in " + it.where() + ", then nginx -t and reload";
}

void tell_forbidden_index(const Trouble& it, Finding& finding) {
    finding.what = "nginx answers " + it.request + " with 403: " + it.caught[1] +
                   " holds no index file, and may not be listed" + it.in_place() + ".";
    finding.fix =
        "put index.html into " + it.caught[1] + ", or correct root or index in " + it.where();
}

void tell_cycle(const Trouble& it, Finding& finding) {
    finding.what = "nginx rewrites " + it.request +
                   " in a circle, and answers 500 after ten rounds: it came back to " +
                   it.caught[1] + " again and again" + it.in_place() + ".";
    finding.fix = "see rewrite, try_files, index and error_page in " + it.where() +
                  ": one of them leads to a location that leads back";
    const std::string file =
        it.route.location == nullptr ? "" : fallback_file(it.nginx, *it.route.location);
    const PathFact* const fallback = it.path(file);
    const bool is_missing =
        fallback != nullptr && fallback->kind.empty() && file.ends_with(it.caught[1]);
    if (!is_missing) return;
    const std::string shown = it.picture.shown(file);
    finding.what = "nginx answers " + it.request + " with 500: try_files ends with " +
                   it.caught[1] + ", and " + shown +
                   " does not exist, so that it looks for it in a circle" + it.in_place() + ".";
    finding.fix =
        "put (or build) " + shown + " there, or correct root or try_files in " + it.where();
}

/// "--socket" in the command of uwsgi, or php-fpm: it listens for web servers, not for clients.
std::string gateway_protocol(const ServiceFact& service) {
    if (service.words.empty()) return "";
    const std::string program = base_of(service.words[0]);
    const auto has = [&](const char* word) {
        return std::ranges::any_of(service.words, [&](const std::string& it) {
            return it == word || it.starts_with(std::string{word} + "=");
        });
    };
    if (program.starts_with("uwsgi") && (has("--socket") || has("-s") || has("--uwsgi-socket"))) {
        return "uwsgi";
    }
    return program.starts_with("php-fpm") ? "FastCGI" : "";
}

/// One that speaks to web servers only, and is spoken to in HTTP.
bool tell_gateway(const Trouble& it, Finding& finding) {
    const ServiceFact* const server = it.server();
    const std::string protocol = server == nullptr ? "" : gateway_protocol(*server);
    const auto target =
        protocol.empty() ? std::nullopt : find_target(it.nginx, *it.route.location, it.request);
    if (!target) return false;
    const std::string endpoint = render_endpoint(target->host, target->port);
    const bool is_uwsgi = protocol == "uwsgi";
    finding.id = "upstream-is-not-http";
    finding.strength = 86;
    finding.what = server->name + " speaks the " + protocol + " protocol on " + endpoint +
                   (is_uwsgi ? " (--socket in its command)" : "") + ", and " + it.upstream() +
                   " sends it HTTP: nginx answers " + it.request + " with 502.";
    finding.fix = is_uwsgi ? "write include uwsgi_params; uwsgi_pass " + endpoint +
                                 "; in place of proxy_pass in " + it.where() + ", or start " +
                                 server->name + " with --http-socket in place of --socket"
                           : "write include fastcgi_params; fastcgi_pass " + endpoint +
                                 "; in place of proxy_pass in " + it.where();
    return true;
}

void tell_not_http(const Trouble& it, Finding& finding) {
    if (tell_gateway(it, finding)) return;
    finding.what = "What is behind " + it.upstream() + " answers " + it.request +
                   " with something that is no HTTP: it is no web server, or speaks another "
                   "protocol" +
                   it.in_place() + ".";
    finding.fix = "correct " + it.upstream();
}

void tell_closed(const Trouble& it, Finding& finding) {
    if (tell_gateway(it, finding)) return;
    const ServiceFact* const server = it.server();
    finding.what = (server == nullptr ? "The server" : server->name) + std::string{" behind "} +
                   it.upstream() + " closes the connection of " + it.request +
                   " without an answer, so nginx says 502" + it.in_place() + ".";
    finding.fix =
        "see what the backend does with this request: it ends, or closes idle connections "
        "that nginx keeps (its keep-alive timeout must be longer than nginx')";
}

void tell_plain_upstream(const Trouble& it, Finding& finding) {
    finding.what =
        it.upstream() + " uses https, but what listens there speaks no TLS" + it.in_place() + ".";
    finding.fix = "write http:// in " + it.upstream() + ", then nginx -t and reload";
}

void tell_rate(const Trouble& it, Finding& finding) {
    finding.what = "nginx refuses " + it.request + " because of limit_" + it.caught[1] + " (zone " +
                   it.caught[2] + "): more comes than it allows" + it.in_place() + ".";
    finding.fix = "raise rate or burst of zone " + it.caught[2] + ", or leave " + it.request +
                  " out of limit_" + it.caught[1];
}

void tell_no_upstream(const Trouble& it, Finding& finding) {
    finding.what = "nginx has taken all servers of its upstream out of use, since they failed" +
                   it.in_place() + ".";
    finding.fix = "see why they failed: the lines before in " + it.nginx.error_log;
}

void tell_no_resolver(const Trouble& it, Finding& finding) {
    finding.what = "nginx can not resolve " + it.caught[1] + " for " + it.request +
                   ": proxy_pass has a variable, and no resolver is set" + it.in_place() + ".";
    finding.fix = "resolver 127.0.0.53; (or your name server) in " + it.where();
}

void tell_big_header(const Trouble& it, Finding& finding) {
    const ServiceFact* const server = it.server();
    finding.what = (server == nullptr ? "The server behind " + it.upstream() : server->name) +
                   " answers " + it.request +
                   " with a header that is larger than nginx' buffer, so nginx says 502: "
                   "proxy_buffer_size is " +
                   it.setting("proxy_buffer_size", "at its default of 4k") + it.in_place() + ".";
    finding.fix = "proxy_buffer_size 16k; proxy_buffers 8 16k; in " + it.where() +
                  ", then nginx -t and reload; or send less (a large Set-Cookie, as a rule)";
}

std::string worker_user(const Trouble& it) {
    for (const ProcessFact* process : it.picture.processes_of(it.nginx.service)) {
        if (contains(process->command, "worker process") && !process->user.empty()) {
            return process->user;
        }
    }
    return it.nginx.user.empty() ? "another user" : it.nginx.user;
}

/// Who makes a socket decides who may write to it.
void tell_socket(const Trouble& it, Finding& finding) {
    const PathFact* const socket = it.path(logged_path(it.nginx, it.caught[1]));
    const std::string shown = it.picture.shown(logged_path(it.nginx, it.caught[1]));
    const std::string user = worker_user(it);
    if (socket != nullptr && socket->kind.empty()) {
        finding.what = "There is no socket " + shown + ", which " + it.upstream() +
                       " leads to; nor may the workers of nginx (" + user +
                       ") look into its directory.";
        finding.fix =
            "start what should listen on " + shown + ", or correct the path in " + it.where();
        return;
    }
    finding.what = "nginx may not write to the socket " + shown + " of its upstream";
    const bool is_known = socket != nullptr && socket->kind == "socket";
    const bool is_open = is_known && socket->mode.size() > 8 && socket->mode[8] == 'w';
    if (is_known) {
        finding.what += ": it is " + socket->mode + " of " + socket->owner + " (group " +
                        socket->group + "), and the workers of nginx run as " + user;
    }
    if (is_open) finding.what += "; a directory above it can not be entered";
    finding.what += it.in_place() + ".";
    const ServiceFact* const maker = find_socket_maker(shown, it.nginx, it.picture);
    std::string mask;
    if (maker != nullptr) {
        const auto option = std::ranges::find(maker->words, std::string{"--umask"});
        const bool is_set = option != maker->words.end() && option + 1 != maker->words.end();
        if (is_set) mask = " in place of --umask " + *(option + 1);
    }
    const std::string who = maker == nullptr ? "whoever makes it" : maker->name;
    const bool is_gunicorn = maker != nullptr && base_of(maker->words[0]) == "gunicorn";
    if (is_open) {
        finding.fix = "namei -l " + shown + " shows which; " + user + " needs x on it";
        return;
    }
    const bool is_root = is_known && socket->owner == "root";
    finding.fix = "let " + who + " make it writable for a group of the workers" +
                  (is_gunicorn ? ": gunicorn --umask 007 --group GROUP" + mask : " (umask 007)") +
                  (!is_known || is_root ? ""
                                        : "; or run them as " + socket->owner + " (user in " +
                                              it.nginx.config + ")");
}

void tell_denied(const Trouble& it, Finding& finding) {
    finding.what = "nginx refuses " + it.request + " to " + it.caught[1] +
                   " (403): allow and deny do not let that address in" + it.in_place() + ".";
    finding.fix =
        "allow " + it.caught[1] + "; before deny in " + it.where() + ", then nginx -t and reload";
}

void tell_worker_connections(const Trouble& it, Finding& finding) {
    finding.what =
        "nginx has no connection left: all " + it.caught[1] + " worker_connections are in use.";
    finding.fix = "raise worker_connections in " + it.nginx.config +
                  ", or look for connections that are kept for nothing";
}

/// The Lua of a module of nginx' own: OpenResty, libnginx-mod-http-lua.
void tell_lua(const Trouble& it, Finding& finding) {
    const std::string place = it.picture.shown(it.caught[2]);
    finding.what = "The Lua code of nginx fails for " + it.request +
                   ", which is answered with 500" + it.in_place() + ": " + place + ": " +
                   it.caught[3] + ".";
    finding.fix = "correct " + place + ", then nginx -t and reload (nginx keeps Lua in memory)";
}

struct Kind {
    std::string_view id;
    std::string_view part;
    const char* pattern;
    int strength;
    /// Also when nobody fails now: it is lasting, and somebody's request has met it. Others are
    /// told for a request that fails now.
    bool is_lasting;
    void (*tell)(const Trouble&, Finding&);
};

constexpr Kind kinds[] = {
    {"proxy-lua-fails",
     "lua entry thread aborted",
     R"re((lua entry thread aborted): (?:runtime|memory allocation|unknown) error: (\S+:\d+|\S+): ([^\n]+?)(?:, client: .*)?$)re",
     86,
     false,
     tell_lua},
    {"proxy-lua-fails",
     "failed to run ",
     R"re((failed to run \w+_by_lua\*?): (\S+:\d+): ([^\n]+?)(?:, client: .*)?$)re",
     86,
     false,
     tell_lua},
    {"proxy-lua-fails",
     "failed to load ",
     R"re((failed to load (?:external Lua file|inlined Lua code)) ?"?([^":\s]*)"?: ([^\n]+?)(?:, client: .*)?$)re",
     86,
     false,
     tell_lua},
    {"proxy-body-too-large",
     "client intended to send too large body",
     "too large body",
     72,
     true,
     tell_body_size},
    {"proxy-timeout-shorter", "upstream timed out", "timed out", 72, true, tell_timeout},
    {"static-file-forbidden",
     "(13: Permission denied)",
     R"re(open\(\) "(?!\S+/\d{10}")([^"]+)" failed)re",
     84,
     false,
     tell_forbidden_file},
    {"static-file-forbidden",
     "(13: Permission denied)",
     R"re(stat\(\) "([^"]+)" failed)re",
     84,
     false,
     tell_forbidden_file},
    {"proxy-denies-client",
     "access forbidden by rule",
     R"re(access forbidden by rule, client: ([^,]+))re",
     85,
     false,
     tell_denied},
    {"static-file-missing",
     "(2: No such file or directory)",
     R"re(open\(\) "(?!\S+/\d{10}")([^"]+)" failed)re",
     78,
     false,
     tell_missing_file},
    {"static-index-missing",
     "is forbidden",
     R"re(directory index of "([^"]+)" is forbidden)re",
     82,
     false,
     tell_forbidden_index},
    {"static-index-missing",
     "is not found",
     R"re("([^"]+)" is not found)re",
     78,
     false,
     tell_missing_file},
    {"proxy-rewrite-loop",
     "redirection cycle",
     R"re(redirection cycle while internally redirecting to "([^"]+)")re",
     85,
     false,
     tell_cycle},
    {"proxy-rewrite-loop",
     "redirection cycle",
     R"re(redirection cycle while processing "([^"]+)")re",
     85,
     false,
     tell_cycle},
    {"upstream-is-not-http", "sent no valid HTTP", "no valid", 80, false, tell_not_http},
    {"upstream-closes", "prematurely closed connection", "closed", 60, false, tell_closed},
    {"upstream-speaks-no-tls",
     "SSL_do_handshake() failed",
     "wrong version number|packet length too long|unknown protocol|record overflow",
     87,
     false,
     tell_plain_upstream},
    {"proxy-limits-requests",
     "limiting ",
     R"re(limiting (req)uests,.* by zone "([^"]+)")re",
     84,
     false,
     tell_rate},
    {"proxy-limits-requests",
     "limiting ",
     R"re(limiting (conn)ections by zone "([^"]+)")re",
     84,
     false,
     tell_rate},
    {"upstream-none-left", "no live upstreams", "no live", 45, false, tell_no_upstream},
    {"resolver-missing",
     "no resolver defined",
     R"re(no resolver defined to resolve (\S+?),)re",
     86,
     false,
     tell_no_resolver},
    {"nginx-big-header",
     "upstream sent too big header",
     "too big header",
     82,
     true,
     tell_big_header},
    {"proxy-socket-not-reachable",
     "(13: Permission denied) while connecting to upstream",
     R"re(connect\(\) to unix:(\S+) failed)re",
     86,
     false,
     tell_socket},
    {"worker-connections",
     "worker_connections are not enough",
     R"re((\d+) worker_connections)re",
     80,
     false,
     tell_worker_connections},
};

/// A request that fails now, and that the line is about.
bool is_failing(const std::string& request, const NginxFact& nginx, const Picture& picture) {
    return std::ranges::any_of(picture.facts().dials, [&](const DialFact& it) {
        const bool is_request = it.purpose == "probe" || it.purpose == "asked";
        const bool fails = !it.error.empty() || it.is_unexpected;
        return is_request && fails && it.path == request && find_route(picture, it).nginx == &nginx;
    });
}

using LineTest = std::function<bool(const LineFact&)>;

/// The last line of the kind that passes the test.
const LineFact* find_last(const Kind& kind,
                          const NginxFact& nginx,
                          const Picture& picture,
                          const LineTest& is_wanted) {
    const std::regex pattern{kind.pattern};
    const LineFact* last = nullptr;
    for (const LogFact& log : picture.facts().logs) {
        if (log.service != nginx.service) continue;
        for (const LineFact& it : log.lines) {
            const bool is_it = contains(it.text, kind.part) &&
                               std::regex_search(it.text, pattern) && is_wanted(it);
            if (is_it) last = &it;
        }
    }
    return last;
}

Trouble read_trouble(const Kind& kind,
                     const NginxFact& nginx,
                     const LineFact& line,
                     const Picture& picture) {
    std::smatch found;
    std::regex_search(line.text, found, std::regex{kind.pattern});
    Trouble trouble{nginx, picture, {}, request_at(line, nginx, picture), {}};
    trouble.route = find_route(nginx, trouble.request, server_of_line(line.text));
    for (const auto& it : found)
        trouble.caught.push_back(it.str());
    return trouble;
}

Finding tell(const Kind& kind, const Trouble& trouble, const LineFact& line) {
    Finding finding;
    finding.id = kind.id;
    finding.service = trouble.nginx.service;
    // Also seen by who asks both sides.
    finding.topic = kind.tell == tell_plain_upstream ? "upstream scheme" : std::string{kind.id};
    finding.strength = kind.strength;
    finding.confidence = Confidence::sure;
    kind.tell(trouble, finding);
    finding.evidence = {trouble.nginx.error_log + ": " + line.text};
    return finding;
}

void look_for(const Kind& kind,
              const NginxFact& nginx,
              const Picture& picture,
              std::vector<Finding>& findings) {
    const LineFact* const line = find_last(kind, nginx, picture, [&](const LineFact& it) {
        return kind.is_lasting || is_failing(request_at(it, nginx, picture), nginx, picture);
    });
    if (line == nullptr) return;
    Finding finding = tell(kind, read_trouble(kind, nginx, *line, picture), *line);
    // What nobody meets now is not stronger than usual.
    const std::string request = request_at(*line, nginx, picture);
    if (!is_failing(request, nginx, picture)) finding.strength = kind.strength;
    findings.push_back(std::move(finding));
}

/// Whether the next request of that kind would meet the same: nobody makes one now.
bool is_still_so(const Kind& kind, const Trouble& it) {
    if (it.route.location == nullptr) return false;
    const NginxLocationFact& location = *it.route.location;
    if (kind.id == "upstream-closes" || kind.id == "upstream-is-not-http") {
        return has_failed_lately(it.nginx.service, it.request, it.picture);
    }
    if (kind.id == "resolver-missing") {
        return contains(location.proxy_pass, "$") && setting_of(location, "resolver").empty();
    }
    if (kind.id == "proxy-rewrite-loop") {
        const std::string file = fallback_file(it.nginx, location);
        const PathFact* const found = it.path(file);
        return found != nullptr && found->kind.empty() && file.ends_with(it.caught[1]);
    }
    if (kind.id != "static-file-missing") return false;
    // A root that ends with the path of the location; other files that are not there may be
    // anybody's typing mistake.
    const PathFact* const wanted = it.path(logged_path(it.nginx, it.caught[1]));
    std::string tail = location.path;
    if (tail.ends_with('/')) tail.pop_back();
    std::string root = "/" + setting_of(location, "root");
    if (root.ends_with('/')) root.pop_back();
    return root.ends_with(tail) && find_by_alias(it) != nullptr && wanted != nullptr &&
           wanted->kind.empty();
}

}  // namespace

void find_what_nginx_logs(const Picture& picture, std::vector<Finding>& findings) {
    for (const NginxFact& nginx : picture.facts().nginx) {
        const bool is_ours =
            picture.service(nginx.service) != nullptr || picture.facts().services.empty();
        if (!is_ours) continue;
        for (const Kind& kind : kinds)
            look_for(kind, nginx, picture, findings);
    }
}

void find_what_nginx_has_logged(const Picture& picture, std::vector<Finding>& findings) {
    const bool is_explained = std::ranges::any_of(findings, [](const Finding& it) {
        return it.confidence != Confidence::doubtful && !it.is_minor;
    });
    if (is_explained) return;
    for (const NginxFact& nginx : picture.facts().nginx) {
        if (picture.service(nginx.service) == nullptr) continue;
        for (const Kind& kind : kinds) {
            const LineFact* const line = find_last(kind, nginx, picture, [&](const LineFact& it) {
                constexpr double recent_seconds = 300;
                return picture.seconds_since(it.time) < recent_seconds &&
                       is_still_so(kind, read_trouble(kind, nginx, it, picture));
            });
            if (line == nullptr) continue;
            Finding finding = tell(kind, read_trouble(kind, nginx, *line, picture), *line);
            finding.confidence = Confidence::probable;
            findings.push_back(std::move(finding));
        }
    }
}

}  // namespace devstack::core::doctor
