// nginx and the servers that it passes requests to.

#include "devstack/base/text.hpp"
#include "devstack/base/time.hpp"
#include "devstack/core/doctor/nginx_config.hpp"
#include "devstack/core/doctor/proxy_paths.hpp"
#include "devstack/core/doctor/service_url.hpp"

#include "core/doctor/nginx_route.hpp"
#include "core/doctor/tls_signs.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace devstack::core::doctor {

namespace {

constexpr double recent_seconds = 300;

// ---- The server name of TLS
// --------------------------------------------------------------------

/// A name that a server of the same nginx has there; empty: none is known.
std::string name_at(const NginxFact& nginx, int port) {
    for (const NginxServerFact& server : nginx.servers) {
        const bool is_there = std::ranges::any_of(server.listens, [&](const NginxListenFact& it) {
            return it.port == port && it.is_tls;
        });
        if (is_there && !server.names.empty()) return server.names.front();
    }
    return "";
}

/// By default nginx sends its upstream no server name, and some refuse the handshake for that.
void look_at_server_name(const DialFact& dial,
                         const Picture& picture,
                         std::vector<Finding>& findings) {
    const DialFact* const behind = picture.behind_nginx(dial);
    if (behind == nullptr || behind->stage != "tls" || !has_tls_alert(*behind)) return;
    const bool is_about_name = contains(behind->error, "unrecognized name");
    const Route route = find_route(picture, dial);
    const bool fails = dial.is_unexpected || !dial.error.empty();
    if (!is_about_name || route.location == nullptr || !fails) return;
    const bool sends_name = setting_of(*route.location, "proxy_ssl_server_name") == "on";
    const std::string pass = pass_of(route);
    const std::string at = render_endpoint(behind->host, behind->port);
    const std::string known = name_at(*route.nginx, behind->port);
    const std::string name = known.empty() ? "NAME" : known;
    Finding finding;
    finding.id = "upstream-wants-server-name";
    finding.service = route.nginx->service;
    finding.topic = "upstream scheme";
    finding.strength = 90;
    finding.confidence = Confidence::sure;
    finding.what = at +
                   " speaks TLS, and refuses the handshake of nginx (unrecognized name): " + pass +
                   (sends_name ? " sends it a server name (SNI) that it does not have."
                               : " sends it no server name (SNI), since proxy_ssl_server_name is "
                                 "off, its default.");
    finding.evidence = {"TLS handshake with " + at + " without a server name: " + behind->error,
                        render_request(dial) + ": " + render_outcome(dial)};
    finding.fix = "proxy_ssl_server_name on; proxy_ssl_name " + name + "; in " + place_of(route) +
                  (known.empty() ? " (NAME is one that " + at + " has)" : "") +
                  ", then nginx -t and reload";
    findings.push_back(std::move(finding));
}

// ---- The host
// -----------------------------------------------------------------------------------

/// The server refuses the host that nginx tells it: its own, or the name of the upstream.
void look_at_host(const DialFact& dial, const Picture& picture, std::vector<Finding>& findings) {
    const DialFact* const behind = picture.behind_nginx(dial);
    const DialFact* const same = picture.dial("past nginx, same host: " + dial.id);
    const Route route = find_route(picture, dial);
    if (behind == nullptr || same == nullptr || route.location == nullptr) return;
    const bool is_refused = dial.status >= 400 && behind->status == dial.status;
    const bool is_taken = same->status >= 200 && same->status < 400;
    const auto url = parse_service_url(route.location->proxy_pass);
    const std::string set = setting_of(*route.location, "proxy_set_header Host");
    if (!is_refused || !is_taken || !url) return;
    const ServiceFact* const owner = picture.owner_of(behind->port);
    const std::string who = owner == nullptr || owner->name == route.nginx->service
                                ? render_endpoint(behind->host, behind->port)
                                : owner->name;
    const bool has_port = url->host == behind->host;
    const std::string told = !set.empty() ? set
                             : has_port   ? render_endpoint(url->host, url->port)
                                          : url->host;
    Finding finding;
    finding.id = "proxy-changes-host";
    finding.service = route.nginx->service;
    finding.topic = "proxy host";
    finding.strength = 88;
    finding.confidence = Confidence::sure;
    finding.what =
        who + " refuses the host " + told + " that nginx tells it (status " +
        std::to_string(dial.status) + "), and takes the one that is asked for: " +
        (set.empty() ? "no proxy_set_header Host is set" : "proxy_set_header Host is " + set) +
        ", in " + place_of(route) + ".";
    finding.evidence = {render_request(*behind) + " with Host: " + told + ": status " +
                            std::to_string(behind->status),
                        render_request(*same) +
                            " with Host: " + render_endpoint(dial.host, dial.port) + ": status " +
                            std::to_string(same->status)};
    finding.fix =
        "proxy_set_header Host $http_host; in " + place_of(route) + ", then nginx -t and reload";
    findings.push_back(std::move(finding));
}

// ---- One of several servers
// --------------------------------------------------------------------

bool answers(const std::string& host, int port, const Picture& picture, bool wanted) {
    return std::ranges::any_of(picture.facts().dials, [&](const DialFact& it) {
        const bool is_it = it.purpose == "reference" && it.host == host && it.port == port;
        return is_it && (wanted ? it.error.empty() : it.error == "connection refused");
    });
}

/// A location that uses the upstream and asks no other server when one fails.
Route find_user(const NginxFact& nginx, const NginxUpstreamFact& upstream) {
    for (const NginxServerFact& server : nginx.servers) {
        for (const NginxLocationFact& it : server.locations) {
            const auto url = parse_service_url(it.proxy_pass);
            if (!url || url->host != upstream.name) continue;
            if (setting_of(it, "proxy_next_upstream") == "off") return {&nginx, &it, &server};
        }
    }
    return {};
}

void look_at_servers(const NginxFact& nginx,
                     const NginxUpstreamFact& upstream,
                     const Picture& picture,
                     std::vector<Finding>& findings) {
    const Route user = find_user(nginx, upstream);
    if (upstream.servers.size() < 2 || user.location == nullptr) return;
    if (upstream.server_places.size() != upstream.servers.size()) return;
    const bool is_any_there = std::ranges::any_of(upstream.servers, [&](const auto& it) {
        const auto url = parse_service_url("http://" + it);
        return url && answers(url->host, url->port, picture, true);
    });
    const DialFact* const asked = picture.dial("asked");
    const bool is_asked = asked != nullptr && find_route(picture, *asked).location == user.location;
    for (std::size_t i = 0; i < upstream.servers.size(); ++i) {
        const auto url = parse_service_url("http://" + upstream.servers[i]);
        if (!url || !is_any_there || !answers(url->host, url->port, picture, false)) continue;
        const std::string at = render_endpoint(url->host, url->port);
        const LineFact* const line = picture.find_line(nginx.service, [&](const auto& text) {
            return contains(text, "connect() failed (111") && contains(text, "//" + at + "/");
        });
        const bool is_recent =
            line != nullptr && picture.seconds_since(line->time) < recent_seconds;
        if (!is_asked && !is_recent) continue;
        Finding finding;
        finding.id = "upstream-server-dead";
        finding.service = nginx.service;
        finding.topic = "endpoint " + at;
        finding.strength = 88;
        finding.confidence = Confidence::sure;
        finding.what = "server " + upstream.servers[i] + " (" + upstream.server_places[i] +
                       ") of upstream " + upstream.name + " is one where nothing listens: one of " +
                       std::to_string(upstream.servers.size()) +
                       " requests is sent there and answered with 502, since "
                       "proxy_next_upstream is off in " +
                       place_of(user) + ".";
        finding.evidence = {"connect to " + at + ": connection refused"};
        if (line != nullptr) finding.evidence.push_back(nginx.error_log + ": " + line->text);
        finding.fix = "start what should listen on " + at + ", or remove that server (" +
                      upstream.server_places[i] +
                      "); without proxy_next_upstream off nginx asks another one";
        findings.push_back(std::move(finding));
    }
}

// ---- Connections that are kept
// -----------------------------------------------------------------

/// What nginx does not send again on another connection.
bool is_sent_once(const std::string& line) {
    return contains(line, "request: \"POST ") || contains(line, "request: \"PATCH ") ||
           contains(line, "request: \"LOCK ");
}

/// What asking twice on one connection has shown; empty: nothing.
std::string why_closed(const DialFact* kept) {
    if (kept == nullptr) return "";
    if (kept->stage == "second request") return "when they are used again";
    // "timeout=5": then it closes one that has been idle for so long.
    const std::string limit = header_of(*kept, "keep-alive");
    const auto at = limit.find("timeout=");
    const double seconds = at == limit.npos ? 0 : std::strtod(limit.c_str() + at + 8, nullptr);
    constexpr double nginx_keeps = 60;  // keepalive_timeout of an upstream, by default.
    if (seconds <= 0 || seconds >= nginx_keeps) return "";
    return "after " + seconds_text(seconds) + " without a request, sooner than nginx does (60 s)";
}

/// The server closes connections that nginx keeps, when the next request comes on them.
void look_at_kept_connections(const NginxFact& nginx,
                              const NginxUpstreamFact& upstream,
                              const Picture& picture,
                              std::vector<Finding>& findings) {
    if (upstream.keepalive == 0 || upstream.servers.size() != 1) return;
    const auto url = parse_service_url("http://" + upstream.servers[0]);
    const ServiceFact* const owner =
        url && is_local(url->host) ? picture.owner_of(url->port) : nullptr;
    if (owner == nullptr || !picture.is_well(*owner)) return;
    const std::string at = render_endpoint(url->host, url->port);
    // What it did when it was started is over.
    const double since = std::min(recent_seconds, owner->uptime_seconds);
    std::size_t count = 0;
    const LineFact* last = nullptr;
    for (const LogFact& log : picture.facts().logs) {
        if (log.service != nginx.service) continue;
        for (const LineFact& it : log.lines) {
            const bool is_closed = contains(it.text, "upstream prematurely closed connection") &&
                                   contains(it.text, "//" + at + "/") && is_sent_once(it.text);
            if (!is_closed || picture.seconds_since(it.time) > since) continue;
            ++count;
            last = &it;
        }
    }
    constexpr std::size_t count_min = 2;
    const std::string reason = why_closed(picture.dial("kept connection of " + upstream.name));
    if (count < count_min || reason.empty()) return;
    Finding finding;
    finding.id = "upstream-closes";
    finding.service = nginx.service;
    finding.topic = "upstream-closes";
    finding.strength = 70;
    // A worker of it that has ended leaves the same lines.
    const bool is_seen = !reason.starts_with("after");
    finding.confidence = is_seen ? Confidence::sure : Confidence::probable;
    finding.what = owner->name + " (" + at + ") has closed " + count_of(count, "connection") +
                   " under POST requests of nginx within the last minutes: it "
                   "closes connections that nginx keeps (keepalive " +
                   std::to_string(upstream.keepalive) + " of upstream " + upstream.name + ", " +
                   upstream.where + "), " + reason +
                   ". A GET is sent once more then, a POST is answered with 502.";
    finding.evidence = {nginx.error_log + ": " + last->text};
    finding.fix = "let " + owner->name +
                  " keep idle connections longer than nginx does (of Node.js: "
                  "server.keepAliveTimeout; keepalive_timeout of upstream " +
                  upstream.name + "), or remove keepalive (" + upstream.where + ")";
    findings.push_back(std::move(finding));
}

}  // namespace

void find_upstream_troubles(const Picture& picture, std::vector<Finding>& findings) {
    for (const DialFact& dial : picture.facts().dials) {
        if (dial.purpose != "probe" && dial.purpose != "asked") continue;
        look_at_server_name(dial, picture, findings);
        look_at_host(dial, picture, findings);
    }
    for (const NginxFact& nginx : picture.facts().nginx) {
        if (picture.service(nginx.service) == nullptr) continue;
        for (const NginxUpstreamFact& upstream : nginx.upstreams) {
            look_at_servers(nginx, upstream, picture, findings);
            look_at_kept_connections(nginx, upstream, picture, findings);
        }
    }
}

}  // namespace devstack::core::doctor
