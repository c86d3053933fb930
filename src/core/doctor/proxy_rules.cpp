// nginx: what its configuration makes of a request, and what its error log says of upstreams.

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/nginx_config.hpp"

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <charconv>
#include <regex>

namespace devstack::core::doctor {

namespace {

struct Route {
    const NginxFact* nginx = nullptr;
    const NginxLocationFact* location = nullptr;
};

/// Where nginx sends what is asked for at `port` and `path`.
Route find_route(const Picture& picture, int port, const std::string& path) {
    for (const NginxFact& nginx : picture.facts().nginx) {
        for (const NginxServerFact& server : nginx.servers) {
            const bool listens = std::ranges::any_of(
                server.listens, [&](const NginxListenFact& it) { return it.port == port; });
            if (!listens) continue;
            if (const auto* location = find_location(server, path)) return {&nginx, location};
        }
    }
    return {};
}

/// The location of any server, when only the path is known.
Route find_route(const NginxFact& nginx, const std::string& path) {
    for (const NginxServerFact& server : nginx.servers) {
        if (const auto* location = find_location(server, path)) return {&nginx, location};
    }
    return {};
}

std::string setting_of(const NginxLocationFact& location, std::string_view name) {
    const auto found = std::ranges::find(location.settings, name, &NginxSettingFact::name);
    return found == location.settings.end() ? "" : found->value;
}

void look_at_config(const NginxFact& nginx,
                    const Picture& picture,
                    std::vector<Finding>& findings) {
    const ServiceFact* const service = picture.service(nginx.service);
    if (nginx.problem.empty() || (service != nullptr && picture.is_well(*service))) return;
    Finding finding;
    finding.id = "nginx-config";
    finding.service = nginx.service;
    finding.topic = "nginx-config";
    finding.strength = 91;
    finding.confidence = Confidence::sure;
    finding.what = "nginx does not start: " + nginx.problem_where +
                   " has a syntax error: " + nginx.problem + ".";
    const LineFact* line = picture.find_line_with(nginx.service, "[emerg]");
    if (line != nullptr) finding.evidence.push_back(render_line(nginx.service, *line));
    finding.fix = "correct " + nginx.problem_where +
                  " (what is missing is often missing in the line before), then nginx -t";
    findings.push_back(std::move(finding));
}

/// "GET /api/x HTTP/1.1" of an error log's line: the path.
std::string request_path(const std::string& line) {
    static const std::regex request{R"re(request: "\w+ (\S+))re"};
    std::smatch found;
    return std::regex_search(line, found, request) ? found[1].str() : "";
}

std::string place_of(const Route& route) {
    if (route.location == nullptr) return "";
    return "location " + route.location->path + " (" + route.location->where + ")";
}

/// A limit of nginx that a request has met: of what, and where it is set.
struct Limit {
    std::string request;  ///< "/api/upload".
    std::string value;
    std::string place;  ///< "location /api/ (nginx.conf:20)"; empty: not known.
};

Limit find_limit(const NginxFact& nginx,
                 const LineFact& line,
                 std::string_view setting,
                 const std::string& usual) {
    Limit limit{request_path(line.text), usual, ""};
    const Route route = find_route(nginx, limit.request);
    if (route.location == nullptr) return limit;
    const std::string value = setting_of(*route.location, setting);
    if (!value.empty()) limit.value = value;
    limit.place = place_of(route);
    return limit;
}

void tell_body_size(const NginxFact& nginx, const LineFact& line, Finding& finding) {
    const Limit limit = find_limit(nginx, line, "client_max_body_size", "at its default of 1m");
    finding.id = "proxy-body-too-large";
    finding.what = "nginx refuses uploads to " + limit.request +
                   " with 413: they are larger than client_max_body_size, which is " + limit.value +
                   (limit.place.empty() ? "." : " in " + limit.place + ".");
    finding.fix = "set client_max_body_size 10m; (or what is needed) in " + nginx.config +
                  ", then nginx -t and reload";
}

void tell_timeout(const NginxFact& nginx, const LineFact& line, Finding& finding) {
    const Limit limit = find_limit(nginx, line, "proxy_read_timeout", "60s (the default)");
    finding.id = "proxy-timeout-shorter";
    finding.what = "nginx gives up on " + limit.request +
                   " and answers 504: its proxy_read_timeout of " + limit.value +
                   " is shorter than the backend's answer" +
                   (limit.place.empty() ? "." : ", in " + limit.place + ".");
    finding.fix = "raise proxy_read_timeout in " + nginx.config +
                  " above the longest answer of the backend, or make that faster";
}

void read_error_log(const NginxFact& nginx,
                    const Picture& picture,
                    std::vector<Finding>& findings) {
    struct Kind {
        std::string_view part;
        void (*tell)(const NginxFact&, const LineFact&, Finding&);
    };
    constexpr Kind kinds[] = {{"client intended to send too large body", tell_body_size},
                              {"upstream timed out", tell_timeout}};
    for (const Kind& kind : kinds) {
        const LineFact* const line = picture.find_line_with(nginx.service, kind.part);
        if (line == nullptr) continue;
        Finding finding;
        finding.service = nginx.service;
        finding.confidence = Confidence::sure;
        finding.strength = 72;
        kind.tell(nginx, *line, finding);
        finding.topic = finding.id;
        finding.evidence = {nginx.error_log + ": " + line->text};
        findings.push_back(std::move(finding));
    }
}

/// The same request past the proxy is answered, through it not.
void compare_paths(const DialFact& dial, const Picture& picture, std::vector<Finding>& findings) {
    const DialFact* const translated = picture.dial("past nginx: " + dial.id);
    const DialFact* const same = picture.dial("past nginx, same path: " + dial.id);
    constexpr int not_found = 404;
    if (translated == nullptr || same == nullptr || dial.status != not_found) return;
    const bool is_lost =
        translated->status == not_found && same->status >= 200 && same->status < 400;
    const Route route = find_route(picture, dial.port, dial.path);
    if (!is_lost || route.location == nullptr) return;
    Finding finding;
    finding.id = "proxy-strips-path";
    finding.service = route.nginx->service;
    finding.topic = "proxy";
    finding.strength = 90;
    finding.confidence = Confidence::sure;
    finding.what = "proxy_pass " + route.location->proxy_pass + " (" +
                   route.location->proxy_pass_where + ") strips the prefix " +
                   route.location->path + ": for " + dial.path + " the backend is asked for " +
                   translated->path + " and answers 404.";
    finding.evidence = {render_request(*translated) + ": " + render_outcome(*translated),
                        render_request(*same) + ": status " + std::to_string(same->status)};
    std::string without = route.location->proxy_pass;
    const auto path = without.find('/', without.find("://") + 3);
    if (path != without.npos) without = without.substr(0, path);
    finding.fix = "write proxy_pass " + without +
                  "; (without a path, nginx passes on the whole one) in " +
                  route.location->proxy_pass_where + ", then nginx -t and reload";
    findings.push_back(std::move(finding));
}

/// 502 or 504 by nginx: what is behind it is the cause; said only when that is not known.
void look_behind(const DialFact& dial, const Picture& picture, std::vector<Finding>& findings) {
    const Route route = find_route(picture, dial.port, dial.path);
    const bool is_bad = dial.status == 502 || dial.status == 504 || dial.status == 503;
    if (route.location == nullptr || !is_bad || route.location->proxy_pass.empty()) return;
    const auto target = find_target(*route.nginx, *route.location, dial.path);
    if (!target) return;
    const DialFact* const behind = picture.dial("past nginx: " + dial.id);
    const ServiceFact* const owner = picture.owner_of(target->port);
    Finding finding;
    finding.id = "proxy-upstream-bad";
    finding.service = route.nginx->service;
    finding.topic = "proxy";
    finding.strength = 40;
    finding.what = "nginx answers " + dial.path + " with " + std::to_string(dial.status) +
                   ", since its upstream " + render_endpoint(target->host, target->port) + " (" +
                   route.location->proxy_pass_where + ") " +
                   (behind == nullptr ? "does not answer" : "says: " + render_outcome(*behind)) +
                   ".";
    finding.evidence = {render_request(dial) + ": status " + std::to_string(dial.status)};
    finding.fix = "look at what should listen on " + render_endpoint(target->host, target->port);
    if (owner != nullptr && owner->name != route.nginx->service) finding.blames = {owner->name};
    findings.push_back(std::move(finding));
}

// ---- Streams
// ----------------------------------------------------------------------------------------

bool is_stream(const DialFact& dial) {
    return contains(header_of(dial, "content-type"), "text/event-stream");
}

void compare_streams(const DialFact& dial, const Picture& picture, std::vector<Finding>& findings) {
    const DialFact* const direct = picture.dial("past nginx: " + dial.id);
    const Route route = find_route(picture, dial.port, dial.path);
    if (direct == nullptr || route.location == nullptr || !is_stream(*direct)) return;
    const bool is_held_back = direct->status == 200 && !direct->body.empty() && dial.body.empty() &&
                              dial.error == "no answer";
    if (!is_held_back) return;
    const std::string buffering = setting_of(*route.location, "proxy_buffering");
    Finding finding;
    finding.id = "proxy-buffers-stream";
    finding.service = route.nginx->service;
    finding.topic = "proxy";
    finding.strength = 88;
    finding.confidence = Confidence::sure;
    finding.what = "nginx buffers the event stream (SSE) " + dial.path + ": proxy_buffering is " +
                   (buffering.empty() ? "on, its default," : buffering) + " in " + place_of(route) +
                   ", so that events come only when a buffer is full or the stream ends.";
    finding.evidence = {
        render_request(*direct) + ": the first event came after " + seconds_text(direct->seconds),
        render_request(dial) + ": nothing within " + seconds_text(dial.timeout)};
    finding.fix = "proxy_buffering off; and proxy_http_version 1.1; in " + place_of(route) +
                  ", or let the server send X-Accel-Buffering: no";
    findings.push_back(std::move(finding));
}

/// The backend takes the connection over, and the proxy answers in its place.
void compare_upgrades(const DialFact& dial,
                      const Picture& picture,
                      std::vector<Finding>& findings) {
    const DialFact* const direct = picture.dial("past nginx: " + dial.id);
    constexpr int switching_protocols = 101;
    const bool is_lost = direct != nullptr && direct->status == switching_protocols &&
                         dial.status != switching_protocols && dial.status != 0;
    const Route route = find_route(picture, dial.port, dial.path);
    if (!is_lost || route.location == nullptr) return;
    Finding finding;
    finding.id = "proxy-drops-websocket";
    finding.service = route.nginx->service;
    finding.topic = "proxy websocket";
    finding.strength = 88;
    finding.confidence = Confidence::sure;
    finding.what = "nginx does not pass on the upgrade to a WebSocket for " + dial.path +
                   ": the backend agrees to it (101), and through nginx the answer is " +
                   std::to_string(dial.status) + "; " + place_of(route) +
                   " sets no Upgrade and Connection header.";
    finding.evidence = {render_request(*direct) + ": status 101",
                        render_request(dial) + ": " + render_outcome(dial)};
    finding.fix =
        "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
        "proxy_set_header Connection \"upgrade\"; in " +
        place_of(route) + ", then nginx -t and reload";
    findings.push_back(std::move(finding));
}

}  // namespace

void find_proxy_mistakes(const Picture& picture, std::vector<Finding>& findings) {
    for (const NginxFact& nginx : picture.facts().nginx) {
        const bool is_ours =
            picture.service(nginx.service) != nullptr || picture.facts().services.empty();
        if (!is_ours) continue;
        look_at_config(nginx, picture, findings);
        read_error_log(nginx, picture, findings);
    }
    for (const DialFact& dial : picture.facts().dials) {
        compare_upgrades(dial, picture, findings);
        if (dial.purpose != "probe" && dial.purpose != "asked") continue;
        compare_paths(dial, picture, findings);
        look_behind(dial, picture, findings);
        compare_streams(dial, picture, findings);
    }
}

}  // namespace devstack::core::doctor
