// nginx and requests that nobody would think of: paths that it rewrites, protocols that it expects,
// files that it keeps large bodies in, methods that it refuses.

#include "devstack/core/doctor/nginx_config.hpp"
#include "devstack/core/doctor/proxy_paths.hpp"

#include "core/doctor/nginx_route.hpp"

#include <algorithm>
#include <regex>

namespace devstack::core::doctor {

namespace {

Finding begin(const NginxFact& nginx, const char* id, int strength) {
    Finding finding;
    finding.id = id;
    finding.service = nginx.service;
    finding.topic = "proxy";
    finding.strength = strength;
    finding.confidence = Confidence::sure;
    return finding;
}

std::string name_of(const DialFact& behind, const Route& route, const Picture& picture) {
    const ServiceFact* const owner = picture.owner_of(behind.port);
    return owner == nullptr || owner->name == route.nginx->service
               ? render_endpoint(behind.host, behind.port)
               : owner->name;
}

// ---- rewrite -----------------------------------------------------------------------------------

const DialFact* find_instead(const DialFact& dial, const Picture& picture) {
    for (const DialFact& it : picture.facts().dials) {
        const bool is_it =
            it.id.starts_with("past nginx, instead ") && it.id.ends_with(": " + dial.id);
        const bool knows =
            it.status >= 200 && it.status < 300 && !contains(header_of(it, "content-type"), "html");
        if (is_it && knows) return &it;
    }
    return nullptr;
}

void look_at_rewrite(const DialFact& dial,
                     const Route& route,
                     const Picture& picture,
                     std::vector<Finding>& findings) {
    const DialFact* const behind = picture.dial("past nginx, rewritten: " + dial.id);
    constexpr int not_found = 404;
    if (behind == nullptr || behind->status != not_found || dial.status != not_found) return;
    const DialFact* const instead = find_instead(dial, picture);
    const DialFact* const same = picture.behind_nginx(dial);
    const bool knows_same = same != nullptr && same->status >= 200 && same->status < 300;
    const DialFact* const known = knows_same ? same : instead;
    const std::string who = name_of(*behind, route, picture);
    Finding finding = begin(*route.nginx, "proxy-rewrites-path", known == nullptr ? 84 : 92);
    finding.what = "nginx rewrites " + dial.path + " to " + behind->path + " (rewrite " +
                   setting_of(*route.location, "rewrite") + "), in " + place_of(route) + ": " +
                   who + " is asked for that, and answers 404" +
                   (known == nullptr ? "." : "; it knows " + known->path + ".");
    finding.evidence = {render_request(*behind) + ": " + render_outcome(*behind)};
    if (known != nullptr) {
        finding.evidence.push_back(render_request(*known) + ": status " +
                                   std::to_string(known->status));
    }
    finding.fix = "correct the rewrite in " + place_of(route) + " so that it makes " +
                  (known == nullptr ? "a path that " + who + " has" : known->path + " of it") +
                  ", then nginx -t and reload";
    findings.push_back(std::move(finding));
}

// ---- The PROXY protocol ------------------------------------------------------------------------

void look_at_proxy_protocol(const DialFact& dial,
                            const Route& route,
                            std::vector<Finding>& findings) {
    const bool is_closed = dial.status == 0 && !dial.error.empty() && dial.error != "no answer" &&
                           dial.stage != "connect" && dial.stage != "resolve";
    const auto listen = std::ranges::find_if(route.server->listens, [&](const auto& it) {
        return it.port == dial.port && it.is_proxied;
    });
    if (!is_closed || listen == route.server->listens.end()) return;
    Finding finding = begin(*route.nginx, "proxy-wants-proxy-protocol", 92);
    finding.what =
        "nginx takes only connections that begin with the PROXY protocol on port " +
        std::to_string(dial.port) + " (listen … proxy_protocol, in the server of " +
        route.server->where +
        "), which load balancers speak and other clients do not: " + "it closes this one.";
    finding.evidence = {render_request(dial) + ": " + dial.error};
    finding.fix = "take proxy_protocol out of listen (" + route.server->where +
                  ") where clients come directly, or ask through the load balancer; then nginx -t "
                  "and reload";
    findings.push_back(std::move(finding));
}

// ---- gRPC --------------------------------------------------------------------------------------

void look_at_grpc(const DialFact& dial,
                  const Route& route,
                  const Picture& picture,
                  std::vector<Finding>& findings) {
    const DialFact* const by_http = picture.dial("grpc by http: " + dial.id);
    // Servers of HTTP/2 alone have words for who does not speak it (Node.js: 403).
    const bool is_plain = by_http != nullptr && by_http->error.empty() && by_http->status != 0 &&
                          by_http->status != 403 && by_http->status < 426;
    const LineFact* const line =
        picture.find_line(route.nginx->service, [](const std::string& text) {
            return contains(text, "upstream: \"grpc") &&
                   (contains(text, "prematurely closed") || contains(text, "upstream sent") ||
                    contains(text, "upstream rejected") || contains(text, "Connection reset"));
        });
    constexpr double recent_seconds = 120;
    if (!is_plain || line == nullptr || picture.seconds_since(line->time) > recent_seconds) return;
    const std::string who = name_of(*by_http, route, picture);
    Finding finding = begin(*route.nginx, "upstream-is-not-grpc", 93);
    finding.what = "nginx speaks gRPC to " + who + " (" + route.location->other_pass + ", " +
                   route.location->other_pass_where +
                   "), which speaks HTTP/1.1, so that requests "
                   "to " +
                   place_of(route) + " fail.";
    finding.evidence = {
        render_request(*by_http) + ": status " + std::to_string(by_http->status) + ", by HTTP/1.1",
        route.nginx->error_log + ": " + line->text};
    finding.fix = "proxy_pass http://" + render_endpoint(by_http->host, by_http->port) +
                  "; in place of grpc_pass (" + route.location->other_pass_where +
                  "), unless another port of it speaks gRPC; then nginx -t and reload";
    // What the server makes of a protocol that it does not know is no fault of its own.
    const ServiceFact* const owner = picture.owner_of(by_http->port);
    std::erase_if(findings, [&](const Finding& it) {
        const bool is_error = owner != nullptr && it.service == owner->name &&
                              it.id == "unhandled-exception" && picture.is_well(*owner);
        return is_error || (it.id == "upstream-closes" && it.service == finding.service);
    });
    findings.push_back(std::move(finding));
}

// ---- Files for what is large -------------------------------------------------------------------

const PathFact* find_path(const std::string& path, const Picture& picture) {
    const auto found = std::ranges::find(picture.facts().paths, path, &PathFact::path);
    return found == picture.facts().paths.end() ? nullptr : &*found;
}

void look_at_temporary(const NginxFact& nginx,
                       const Picture& picture,
                       std::vector<Finding>& findings) {
    static const std::regex form{R"re(open\(\) "(\S+/\d{10})" failed \((\d+): ([^)]+)\))re"};
    constexpr double recent_seconds = 300;
    const LineFact* const line = picture.find_line(
        nginx.service, [](const std::string& text) { return std::regex_search(text, form); });
    if (line == nullptr || picture.seconds_since(line->time) > recent_seconds) return;
    std::smatch found;
    std::regex_search(line->text, found, form);
    const std::string file = logged_path(nginx, found[1].str());
    const std::string directory = file.substr(0, file.rfind('/'));
    const PathFact* const there = find_path(directory, picture);
    const bool is_missing = found[2].str() == "2";
    // Somebody has made it again.
    if (there != nullptr && is_missing && there->kind == "directory") return;
    const std::string shown = picture.shown(directory);
    Finding finding = begin(nginx, "nginx-temp-unusable", 88);
    finding.topic = finding.id;
    finding.what =
        "nginx can not keep what is too large for its buffers in " + shown + ": " +
        (is_missing
             ? "the directory is gone"
             : found[3].str() + (there == nullptr || there->owner.empty()
                                     ? ""
                                     : " (it is " + there->owner + "'s, " + there->mode + ")")) +
        "; requests with large bodies, or large answers, fail.";
    finding.evidence = {nginx.error_log + ": " + line->text};
    finding.fix = is_missing ? "restart nginx, which makes it at its start; or mkdir " + shown +
                                   ", for the user of its workers"
                             : "give " + shown +
                                   " to the user of nginx' workers (chown), or name "
                                   "another one (client_body_temp_path, proxy_temp_path)";
    findings.push_back(std::move(finding));
}

// ---- Unix sockets ------------------------------------------------------------------------------

/// unix(7): the file stays when who has made it ends, and connect(2) is refused from then on.
void look_at_stale_socket(const DialFact& dial,
                          const Route& route,
                          const Picture& picture,
                          std::vector<Finding>& findings) {
    constexpr int bad_gateway = 502;
    constexpr double recent_seconds = 60;
    static const std::regex form{
        R"re(connect\(\) to unix:(\S+) failed \(111: Connection refused\))re"};
    if (dial.status != bad_gateway) return;
    const LineFact* const line =
        picture.find_line(route.nginx->service, [](const std::string& text) {
            return contains(text, "connect() to unix:") && std::regex_search(text, form);
        });
    if (line == nullptr || picture.seconds_since(line->time) > recent_seconds) return;
    std::smatch found;
    std::regex_search(line->text, found, form);
    std::string socket = found[1].str();
    if (socket.ends_with(':')) socket.pop_back();  // "unix:/run/app.sock:/path".
    socket = picture.shown(socket);
    const ServiceFact* const maker = find_socket_maker(socket, *route.nginx, picture);
    Finding finding = begin(*route.nginx, "proxy-socket-stale", 88);
    finding.what = "nginx passes " + dial.path + " to the socket " + socket + " (" +
                   place_of(route) +
                   "), and nobody listens there any more: who has made it has ended, and left the "
                   "file" +
                   (maker == nullptr ? "." : "; the command of " + maker->name + " names it.");
    finding.evidence = {route.nginx->error_log + ": " + line->text};
    // Who should listen there says why it does not.
    for (const Finding& it : findings) {
        if (it.id == "socket-stale" && contains(it.what, socket)) finding.blames = {it.service};
    }
    finding.fix = maker == nullptr
                      ? "start what should listen on " + socket
                      : "devstack restart " + maker->name +
                            "; let its command exec the server, so that its end is seen";
    findings.push_back(std::move(finding));
}

// ---- limit_except ------------------------------------------------------------------------------

/// By GET it is answered; somebody has asked by another method.
void look_at_methods(const DialFact& dial,
                     const Route& route,
                     const Picture& picture,
                     std::vector<Finding>& findings) {
    constexpr double recent_seconds = 120;
    if (dial.purpose != "asked" || dial.is_unexpected || !dial.error.empty()) return;
    const std::string methods = setting_of(*route.location, "limit_except");
    const std::string path = dial.path.substr(0, dial.path.find('?'));
    static const std::regex form{R"re(access forbidden by rule.* request: "(\w+) )re"};
    std::smatch found;
    const LineFact* const line =
        picture.find_line(route.nginx->service, [&](const std::string& text) {
            const std::string request = request_of_line(text);
            return request.substr(0, request.find('?')) == path && std::regex_search(text, form);
        });
    if (methods.empty() || line == nullptr || picture.seconds_since(line->time) > recent_seconds)
        return;
    std::regex_search(line->text, found, form);
    const std::string method = found[1].str();
    if (contains(" " + methods + " ", " " + method + " ")) return;
    Finding finding = begin(*route.nginx, "proxy-denies-method", 84);
    finding.what = "nginx refuses " + method + " " + path + " with 403: limit_except " + methods +
                   " in " + place_of(route) + " denies all other methods; GET is answered with " +
                   std::to_string(dial.status) + ".";
    finding.evidence = {route.nginx->error_log + ": " + line->text};
    finding.fix = "add " + method + " to limit_except in " + place_of(route) +
                  ", if it is to be allowed, then nginx -t and reload";
    findings.push_back(std::move(finding));
}

}  // namespace

void find_nginx_request_troubles(const Picture& picture, std::vector<Finding>& findings) {
    for (const DialFact& dial : picture.facts().dials) {
        if (dial.purpose != "probe" && dial.purpose != "asked") continue;
        const Route route = find_route(picture, dial);
        if (route.server == nullptr) continue;
        look_at_proxy_protocol(dial, route, findings);
        if (route.location == nullptr) continue;
        look_at_rewrite(dial, route, picture, findings);
        look_at_stale_socket(dial, route, picture, findings);
        look_at_methods(dial, route, picture, findings);
        look_at_grpc(dial, route, picture, findings);
    }
    for (const NginxFact& nginx : picture.facts().nginx) {
        if (picture.service(nginx.service) != nullptr) look_at_temporary(nginx, picture, findings);
    }
}

}  // namespace devstack::core::doctor
