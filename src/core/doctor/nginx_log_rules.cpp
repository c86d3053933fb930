// What nginx writes to its error log of requests that it could not serve. A line is told with the
// location of the configuration that the request has met.

#include "core/doctor/nginx_route.hpp"

#include <algorithm>
#include <regex>

namespace devstack::core::doctor {

namespace {

/// "GET /api/x HTTP/1.1" of an error log's line: the path.
std::string request_path(const std::string& line) {
    static const std::regex request{R"re(request: "\w+ (\S+))re"};
    std::smatch found;
    return std::regex_search(line, found, request) ? found[1].str() : "";
}

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
        return "proxy_pass " + route.location->proxy_pass + " (" +
               route.location->proxy_pass_where + ")";
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
}

void tell_forbidden_file(const Trouble& it, Finding& finding) {
    finding.what = "nginx may not read " + it.caught[1] + " for " + it.request +
                   ": permission denied, on the file or a directory above it" + it.in_place() + ".";
    finding.fix = "namei -l " + it.caught[1] +
                  " shows where; the user of nginx' workers needs r on the file and x on each "
                  "directory";
}

void tell_missing_file(const Trouble& it, Finding& finding) {
    const std::string root = it.setting("root", it.setting("alias", ""));
    finding.what = "nginx looks for " + it.request + " in " + it.caught[1] +
                   ", which does not exist" + (root.empty() ? "" : "; root is " + root) +
                   it.in_place() + ".";
    finding.fix = "correct root in " + it.where() + ", or put the file there";
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
}

void tell_not_http(const Trouble& it, Finding& finding) {
    finding.what = it.upstream() + " answers " + it.request +
                   " with something that is no HTTP: what listens there is no web server, or "
                   "speaks another protocol" +
                   it.in_place() + ".";
    finding.fix = "correct " + it.upstream();
}

void tell_closed(const Trouble& it, Finding& finding) {
    finding.what = it.upstream() + " closes the connection of " + it.request +
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

void tell_worker_connections(const Trouble& it, Finding& finding) {
    finding.what =
        "nginx has no connection left: all " + it.caught[1] + " worker_connections are in use.";
    finding.fix = "raise worker_connections in " + it.nginx.config +
                  ", or look for connections that are kept for nothing";
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
    {"proxy-body-too-large",
     "client intended to send too large body",
     "too large body",
     72,
     true,
     tell_body_size},
    {"proxy-timeout-shorter", "upstream timed out", "timed out", 72, true, tell_timeout},
    {"static-file-forbidden",
     "(13: Permission denied)",
     R"re(open\(\) "([^"]+)" failed)re",
     84,
     false,
     tell_forbidden_file},
    {"static-file-forbidden",
     "(13: Permission denied)",
     R"re(stat\(\) "([^"]+)" failed)re",
     84,
     false,
     tell_forbidden_file},
    {"static-file-missing",
     "(2: No such file or directory)",
     R"re(open\(\) "([^"]+)" failed)re",
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
        return is_request && fails && it.path == request &&
               find_route(picture, it.port, it.path).nginx == &nginx;
    });
}

void look_for(const Kind& kind,
              const NginxFact& nginx,
              const Picture& picture,
              std::vector<Finding>& findings) {
    const std::regex pattern{kind.pattern};
    const LineFact* const line = picture.find_line(nginx.service, [&](const std::string& it) {
        return contains(it, kind.part) && std::regex_search(it, pattern) &&
               (kind.is_lasting || is_failing(request_path(it), nginx, picture));
    });
    if (line == nullptr) return;
    std::smatch found;
    std::regex_search(line->text, found, pattern);
    Trouble trouble{nginx, picture, {}, request_path(line->text), {}};
    trouble.route = find_route(nginx, trouble.request);
    for (const auto& it : found)
        trouble.caught.push_back(it.str());
    Finding finding;
    finding.id = kind.id;
    finding.service = nginx.service;
    // Also seen by who asks both sides.
    finding.topic = kind.tell == tell_plain_upstream ? "upstream scheme" : std::string{kind.id};
    finding.strength = kind.strength;
    finding.confidence = Confidence::sure;
    kind.tell(trouble, finding);
    finding.evidence = {nginx.error_log + ": " + line->text};
    findings.push_back(std::move(finding));
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

}  // namespace devstack::core::doctor
