// nginx: what its configuration makes of a request.

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/nginx_config.hpp"

#include "core/doctor/nginx_route.hpp"
#include "core/doctor/picture.hpp"
#include "core/doctor/tls_signs.hpp"

#include <algorithm>
#include <regex>

namespace devstack::core::doctor {

namespace {

Finding begin_config(const NginxFact& nginx, const char* id) {
    Finding finding;
    finding.id = id;
    finding.service = nginx.service;
    finding.topic = "nginx-config";
    finding.strength = 91;
    finding.confidence = Confidence::sure;
    return finding;
}

void look_at_config(const NginxFact& nginx,
                    const Picture& picture,
                    std::vector<Finding>& findings) {
    const ServiceFact* const service = picture.service(nginx.service);
    if (nginx.problem.empty() || (service != nullptr && picture.is_well(*service))) return;
    Finding finding = begin_config(nginx, "nginx-config");
    finding.what = "nginx does not start: " + nginx.problem_where +
                   " has a syntax error: " + nginx.problem + ".";
    const LineFact* line = picture.find_line_with(nginx.service, "[emerg]");
    if (line != nullptr) finding.evidence.push_back(render_line(nginx.service, *line));
    finding.fix = "correct " + nginx.problem_where +
                  " (what is missing is often missing in the line before), then nginx -t";
    findings.push_back(std::move(finding));
}

/// Where the configuration has "${API_HOST}"; nginx complains of it in lower case.
std::string find_use(const NginxFact& nginx, const std::string& variable) {
    for (const NginxServerFact& server : nginx.servers) {
        for (const NginxLocationFact& it : server.locations) {
            const bool is_there = contains_word(it.proxy_pass, "${" + variable + "}") ||
                                  contains_word(it.proxy_pass, "$" + variable);
            if (is_there) return "proxy_pass " + it.proxy_pass + " (" + it.proxy_pass_where + ")";
        }
    }
    return "";
}

/// A template whose placeholders nobody has filled in, as envsubst(1) does.
void look_for_placeholders(const NginxFact& nginx,
                           const Picture& picture,
                           std::vector<Finding>& findings) {
    static const std::regex unknown{R"re(\[emerg\][^:]*: unknown "(\w+)" variable)re"};
    const LineFact* const line = picture.find_line(
        nginx.service, [](const std::string& text) { return std::regex_search(text, unknown); });
    const ServiceFact* const service = picture.service(nginx.service);
    if (line == nullptr || service == nullptr || picture.is_well(*service)) return;
    std::smatch found;
    std::regex_search(line->text, found, unknown);
    const std::string use = find_use(nginx, found[1].str());
    if (use.empty()) return;
    Finding finding = begin_config(nginx, "nginx-config");
    finding.what = "nginx does not start: " + use +
                   " has a variable that nginx does not know. It knows none of the environment: it "
                   "is the placeholder of a template.";
    finding.evidence = {render_line(nginx.service, *line)};
    finding.fix = "fill it in before nginx starts (envsubst < TEMPLATE > " + nginx.config +
                  "), or write the value there";
    findings.push_back(std::move(finding));
}

/// It runs, and has nothing to do.
void look_for_servers(const NginxFact& nginx,
                      const Picture& picture,
                      std::vector<Finding>& findings) {
    const ServiceFact* const service = picture.service(nginx.service);
    const bool is_hit = service != nullptr && !picture.is_well(*service) && service->pid != 0;
    if (!nginx.servers.empty() || !nginx.problem.empty() || !is_hit) return;
    Finding finding = begin_config(nginx, "nginx-no-server");
    finding.what =
        nginx.config + " has no server, so nginx runs and listens nowhere" +
        (nginx.empty_includes.empty()
             ? "."
             : ": " + join_for_people(nginx.empty_includes) +
                   (nginx.empty_includes.size() == 1 ? " finds" : " find") + " no file.");
    finding.fix = nginx.empty_includes.empty()
                      ? "add a server block to " + nginx.config + ", then nginx -t and reload"
                      : "put the file there, or correct the path (relative ones begin where " +
                            nginx.config + " is), then nginx -t and reload";
    findings.push_back(std::move(finding));
}

/// The same request past the proxy is answered, through it not.
void compare_paths(const DialFact& dial, const Picture& picture, std::vector<Finding>& findings) {
    const DialFact* const translated = picture.behind_nginx(dial);
    const DialFact* const same = picture.dial("past nginx, same path: " + dial.id);
    constexpr int not_found = 404;
    if (translated == nullptr || same == nullptr || dial.status != not_found) return;
    const bool is_lost =
        translated->status == not_found && same->status >= 200 && same->status < 400;
    const Route route = find_route(picture, dial);
    if (!is_lost || route.location == nullptr) return;
    Finding finding;
    finding.id = "proxy-strips-path";
    finding.service = route.nginx->service;
    finding.topic = "proxy";
    finding.strength = 91;
    finding.confidence = Confidence::sure;
    finding.what = pass_of(route) + " strips the prefix " + route.location->path + ": for " +
                   dial.path + " the backend is asked for " + translated->path +
                   " and answers 404.";
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

std::size_t common_length(const std::string& a, const std::string& b) {
    const auto [end, other] = std::ranges::mismatch(a, b);
    return static_cast<std::size_t>(end - a.begin());
}

/// Of those whose upstream answers the path the one that is named most like it; null: there is
/// none.
const NginxLocationFact* find_knowing_location(const NginxFact& nginx,
                                               const DialFact& dial,
                                               const Picture& picture) {
    const NginxLocationFact* best = nullptr;
    for (const NginxServerFact& server : nginx.servers) {
        for (const NginxLocationFact& it : server.locations) {
            const DialFact* const known = picture.dial("past " + it.where + ": " + dial.id);
            if (known == nullptr || known->status < 200 || known->status >= 300) continue;
            // One that answers every path with its page knows none.
            if (contains(header_of(*known, "content-type"), "html")) continue;
            const bool is_better = best == nullptr || common_length(it.path, dial.path) >
                                                          common_length(best->path, dial.path);
            if (is_better) best = &it;
        }
    }
    return best;
}

/// Looked for among files, and known to an upstream that another location leads to.
void look_for_location(const DialFact& dial,
                       const Picture& picture,
                       std::vector<Finding>& findings) {
    const Route route = find_route(picture, dial);
    if (route.location == nullptr) return;
    const auto* const other = find_knowing_location(*route.nginx, dial, picture);
    if (other == nullptr) return;
    const DialFact& known = *picture.dial("past " + other->where + ": " + dial.id);
    const std::string place = "location " + other->path + " (" + other->where + ")";
    Finding finding;
    finding.id = "proxy-location-missing";
    finding.service = route.nginx->service;
    finding.topic = "proxy";
    finding.strength = 93;
    finding.confidence = Confidence::sure;
    finding.what =
        "No location of nginx that passes requests on takes " + dial.path +
        ": it is looked for among the files of " + place_of(route) + " and answered with " +
        (is_page_for_api(dial) ? "a page of HTML" : std::to_string(dial.status)) + "; " +
        render_endpoint(known.host, known.port) + ", where " + place + " leads, knows it.";
    finding.evidence = {render_request(dial) + ": status " + std::to_string(dial.status),
                        render_request(known) + ": " + render_outcome(known)};
    finding.fix =
        "correct the path of " + place + ", or add a location for it, then nginx -t and reload";
    findings.push_back(std::move(finding));
}

/// The upstream speaks TLS and is asked without, or the other way round.
void compare_schemes(const DialFact& dial, const Picture& picture, std::vector<Finding>& findings) {
    const DialFact* const behind = picture.behind_nginx(dial);
    const DialFact* const other = picture.dial("other scheme: past nginx: " + dial.id);
    if (behind == nullptr || other == nullptr || other->status == 0 || !dial.is_unexpected) return;
    const Route route = find_route(picture, dial);
    if (route.location == nullptr) return;
    const bool wants_tls = other->protocol == "https";
    // An alert, or such an answer, comes from one that speaks TLS.
    if (!wants_tls && (has_tls_alert(*behind) || doctor::wants_tls(*other))) return;
    const std::string at = render_endpoint(behind->host, behind->port);
    Finding finding;
    finding.id = "upstream-wrong-scheme";
    finding.service = route.nginx->service;
    finding.topic = "upstream scheme";
    finding.strength = 89;
    finding.confidence = Confidence::sure;
    finding.what = pass_of(route) + " speaks " + (wants_tls ? "plain http" : "https") + " to " +
                   at + ", where " + (wants_tls ? "https (TLS)" : "plain http, no TLS,") +
                   " is spoken: " + dial.path + " is answered with " + std::to_string(dial.status) +
                   ".";
    finding.evidence = {render_request(*behind) + ": " + render_outcome(*behind),
                        render_request(*other) + ": " + render_outcome(*other)};
    finding.fix = "write " + other->protocol + ":// in proxy_pass (" +
                  route.location->proxy_pass_where + "), then nginx -t and reload";
    findings.push_back(std::move(finding));
}

bool listens_on(const NginxServerFact& server, int port) {
    return std::ranges::find(server.listens, port, &NginxListenFact::port) != server.listens.end();
}

bool have_same_address(const NginxServerFact& a, const NginxServerFact& b, int port) {
    const auto address = [&](const NginxServerFact& it) {
        return std::ranges::find(it.listens, port, &NginxListenFact::port)->address;
    };
    return address(a) == address(b);
}

bool have_same_name(const NginxServerFact& a, const NginxServerFact& b) {
    if (a.names.empty() && b.names.empty()) return true;
    return std::ranges::any_of(a.names, [&](const std::string& name) {
        return std::ranges::find(b.names, name) != b.names.end();
    });
}

/// Of two servers with one name and one port nginx takes the first, and only warns.
void look_for_twins(const DialFact& dial, const Picture& picture, std::vector<Finding>& findings) {
    if (!dial.is_unexpected) return;
    for (const NginxFact& nginx : picture.facts().nginx) {
        std::vector<const NginxServerFact*> there;
        for (const NginxServerFact& server : nginx.servers) {
            if (!listens_on(server, dial.port)) continue;
            const bool is_twin = std::ranges::any_of(there, [&](const auto* it) {
                return have_same_name(*it, server) && have_same_address(*it, server, dial.port);
            });
            if (there.empty() || is_twin) there.push_back(&server);
        }
        if (there.size() < 2) continue;
        const std::string name =
            there[0]->names.empty() ? "no name" : "the name " + there[0]->names[0];
        Finding finding;
        finding.id = "nginx-server-twice";
        finding.service = nginx.service;
        finding.topic = "nginx server";
        finding.strength = 84;
        finding.what = "Two servers of nginx have " + name + " on port " +
                       std::to_string(dial.port) + ": the one at " + there[0]->where +
                       " answers all requests, the one at " + there[1]->where + " is ignored.";
        finding.evidence = {render_request(dial) + ": " + render_outcome(dial)};
        if (const LineFact* line = picture.find_line_with(nginx.service, "conflicting server name"))
            finding.evidence.push_back(render_line(nginx.service, *line));
        finding.fix = "remove the server at " + there[0]->where + " or at " + there[1]->where +
                      ", or give them different names";
        findings.push_back(std::move(finding));
        return;
    }
}

/// What nginx writes of its upstream is not what stands in its file, where all is well.
bool tell_old_config(const DialFact& dial,
                     const DialFact& behind,
                     const Route& route,
                     const Picture& picture,
                     std::vector<Finding>& findings) {
    static const std::regex upstream{R"re(upstream: "https?://([^/"]+))re"};
    constexpr int server_error = 500;
    constexpr double recent_seconds = 60;
    if (!behind.error.empty() || behind.status >= server_error) return false;
    const std::string path = dial.path.substr(0, dial.path.find('?'));
    const LineFact* const line =
        picture.find_line(route.nginx->service, [&](const std::string& text) {
            return contains(text, "upstream: \"http") && contains(text, " " + path);
        });
    std::smatch found;
    if (line == nullptr || !std::regex_search(line->text, found, upstream)) return false;
    const std::string used = found[1].str();
    const bool is_recent = picture.seconds_since(line->time) <= recent_seconds;
    if (!is_recent || used.ends_with(":" + std::to_string(behind.port))) return false;
    Finding finding;
    finding.id = "proxy-config-not-loaded";
    finding.service = route.nginx->service;
    finding.topic = "proxy";
    finding.strength = 88;
    finding.what = "nginx works with an older configuration than its file: it sends " + path +
                   " to " + used + ", and " + route.location->proxy_pass_where + " names " +
                   render_endpoint(behind.host, behind.port) + ", which answers.";
    finding.evidence = {render_line(route.nginx->service, *line),
                        render_request(behind) + ": " + render_outcome(behind)};
    finding.fix = "nginx -t, then nginx -s reload (devstack restart " +
                  (route.nginx->service.empty() ? "nginx" : route.nginx->service) + ")";
    findings.push_back(std::move(finding));
    return true;
}

/// 502 or 504 by nginx: what is behind it is the cause; said only when that is not known.
void look_behind(const DialFact& dial, const Picture& picture, std::vector<Finding>& findings) {
    const Route route = find_route(picture, dial);
    const bool is_bad = dial.status == 502 || dial.status == 504 || dial.status == 503;
    if (route.location == nullptr || !is_bad || route.location->proxy_pass.empty()) return;
    const auto target = find_target(*route.nginx, *route.location, dial.path);
    if (!target) return;
    const DialFact* const behind = picture.behind_nginx(dial);
    const ServiceFact* const owner = picture.owner_of(target->port);
    if (behind != nullptr && tell_old_config(dial, *behind, route, picture, findings)) return;
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

/// No answer through nginx, and none past it: the one behind it is the cause.
void look_behind_silence(const DialFact& dial,
                         const Picture& picture,
                         std::vector<Finding>& findings) {
    const DialFact* const behind = picture.behind_nginx(dial);
    const auto is_silent = [](const DialFact& it) {
        return it.error == "no answer" && it.stage == "first byte";
    };
    if (behind == nullptr || !is_silent(dial) || !is_silent(*behind)) return;
    // One that the end of the look has cut off has waited for all the time that it was given.
    const double waited = behind->seconds > 0 ? behind->seconds : behind->timeout;
    constexpr double patience_min = 0.3;  // Seconds; less may only be what was left for it.
    const Route route = find_route(picture, dial);
    if (route.location == nullptr || waited < patience_min) return;
    // nginx says that it has given up, before this one could answer.
    const std::string request = " " + dial.path + " HTTP";
    const bool is_told = picture.find_line(route.nginx->service, [&](const std::string& line) {
        return contains(line, "upstream timed out") && contains(line, request);
    }) != nullptr;
    if (is_told && gives_up_soon(*route.location)) return;
    const ServiceFact* const owner = picture.owner_of(behind->port);
    const bool is_own = owner == nullptr || owner->name == route.nginx->service;
    const auto listeners = picture.listeners_on(behind->port);
    const std::string who = !is_own             ? owner->name
                            : listeners.empty() ? render_endpoint(behind->host, behind->port)
                                                : describe(*listeners.front());
    Finding finding;
    finding.id = "upstream-never-answers";
    finding.service = is_own ? route.nginx->service : owner->name;
    finding.topic = "hang";
    finding.strength = is_own ? 77 : 74;
    finding.is_symptom = !is_own;
    finding.what = who + ", to which nginx passes " + dial.path + " (" +
                   route.location->proxy_pass_where + "), gives no answer to " +
                   render_request(*behind) + " within " + seconds_text(waited) +
                   ", asked directly too: it is not nginx that hangs.";
    finding.evidence = {render_request(dial) + ": no answer within " + seconds_text(dial.seconds),
                        render_request(*behind) + ": " + render_outcome(*behind)};
    finding.fix = "look at what the handler of " + behind->path + " waits for in " + who;
    findings.push_back(std::move(finding));
}

// ---- Streams
// ----------------------------------------------------------------------------------------

bool is_stream(const DialFact& dial) {
    return contains(header_of(dial, "content-type"), "text/event-stream");
}

void compare_streams(const DialFact& dial, const Picture& picture, std::vector<Finding>& findings) {
    const DialFact* const direct = picture.behind_nginx(dial);
    const Route route = find_route(picture, dial);
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
    const DialFact* const direct = picture.behind_nginx(dial);
    constexpr int switching_protocols = 101;
    const bool is_lost = direct != nullptr && direct->status == switching_protocols &&
                         dial.status != switching_protocols && dial.status != 0;
    const Route route = find_route(picture, dial);
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
        look_for_placeholders(nginx, picture, findings);
        look_for_servers(nginx, picture, findings);
    }
    for (const DialFact& dial : picture.facts().dials) {
        compare_upgrades(dial, picture, findings);
        if (dial.purpose != "probe" && dial.purpose != "asked") continue;
        compare_paths(dial, picture, findings);
        look_for_location(dial, picture, findings);
        compare_schemes(dial, picture, findings);
        look_for_twins(dial, picture, findings);
        look_behind(dial, picture, findings);
        // What somebody asks for may take its time.
        if (dial.purpose == "probe") look_behind_silence(dial, picture, findings);
        compare_streams(dial, picture, findings);
    }
}

}  // namespace devstack::core::doctor
