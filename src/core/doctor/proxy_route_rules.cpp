// HAProxy, Caddy and Apache: what their configurations make of a request.

#include "devstack/core/doctor/nginx_config.hpp"
#include "devstack/core/doctor/proxy_config.hpp"

#include "core/doctor/picture.hpp"
#include "core/doctor/tls_signs.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>

namespace devstack::core::doctor {

namespace {

/// A request through a proxy, and the same past it.
struct Passed {
    const DialFact& dial;
    const Picture& picture;
    const ProxyRouteFact& route;
    const DialFact& behind;

    /// "HAProxy (lb)".
    std::string proxy() const { return route.product + " (" + route.service + ")"; }
    /// "server s1 (haproxy.cfg:14)".
    std::string line() const { return route.directive + " (" + route.where + ")"; }
    std::string endpoint() const { return render_endpoint(route.host, route.port); }
    const ServiceFact* server() const {
        const ServiceFact* const owner = picture.owner_of(route.port);
        const bool is_other = owner != nullptr && owner->name != route.service;
        return is_other && is_local(route.host) ? owner : nullptr;
    }
    std::string server_name() const { return server() == nullptr ? endpoint() : server()->name; }
};

bool is_silent(const DialFact& dial) {
    return dial.error == "no answer" && dial.stage == "first byte";
}

std::string reload(const ProxyRouteFact& route) {
    return ", then reload " + route.product;
}

Finding begin(const char* id, const Passed& it, const char* topic, int strength) {
    Finding finding;
    finding.id = id;
    finding.service = it.route.service;
    finding.topic = topic;
    finding.strength = strength;
    finding.confidence = Confidence::sure;
    return finding;
}

// ---- Timeouts
// ----------------------------------------------------------------------------------

/// That the proxy has given up on this request: by its answer, now or to the last probe, or by its
/// log. Empty: it has not.
std::string sign_of_timeout(const Passed& it) {
    if (it.dial.status == 504) return render_request(it.dial) + ": status 504";
    const bool is_failing = is_silent(it.dial) || it.dial.status == 502;
    const ServiceFact* const proxy = it.picture.service(it.route.service);
    if (!is_failing || proxy == nullptr) return "";
    const bool is_probe = it.dial.purpose == "probe" && it.dial.id.ends_with(" " + proxy->name);
    if (is_probe && contains(proxy->last_answer, "status 504"))
        return "last probe: " + proxy->last_answer;
    const std::string path = it.dial.path.substr(0, it.dial.path.find('?'));
    const LineFact* const line = it.picture.find_line(proxy->name, [&](const std::string& text) {
        const bool is_haproxy = contains(text, " 504 ") && contains(text, " sH") &&
                                contains(text, " " + path + " HTTP");
        return is_haproxy || (contains(text, "Error reading from remote server") &&
                              text.ends_with("returned by " + path));
    });
    const bool has_expired =
        it.route.product == "HAProxy" ||
        it.picture.find_line_with(proxy->name, "timeout specified has expired") != nullptr;
    return line == nullptr || !has_expired ? "" : render_line(proxy->name, *line);
}

/// Seconds. Who does not answer for longer may as well never do.
constexpr double patience = 10;

void compare_times(const Passed& it, std::vector<Finding>& findings) {
    if (it.route.timeout <= 0) return;
    const bool is_slow =
        is_silent(it.behind) || (it.behind.error.empty() && it.behind.seconds > it.route.timeout);
    const std::string sign = is_slow ? sign_of_timeout(it) : "";
    if (sign.empty()) return;
    const std::string option = it.route.timeout_by + " (" + it.route.timeout_where + ")";
    const std::string status = it.route.product == "Apache" ? "502" : "504";
    Finding finding = begin("proxy-timeout-shorter", it, "hang", 88);
    finding.what = it.proxy() + " gives up on " + it.dial.path + " after " +
                   seconds_text(it.route.timeout) + " and answers " +
                   (it.dial.status == 0 ? status : std::to_string(it.dial.status)) + ": " + option +
                   " is shorter than what " + it.server_name() + " takes.";
    const double waited = it.behind.seconds > 0 ? it.behind.seconds : it.behind.timeout;
    const std::string outcome = it.behind.error.empty()
                                    ? "status " + std::to_string(it.behind.status) + " after "
                                    : it.behind.error + " within ";
    finding.evidence = {sign, render_request(it.behind) + ": " + outcome + seconds_text(waited)};
    finding.fix = "raise " + option + " above the longest answer of " + it.server_name() +
                  reload(it.route) + "; or make " + it.dial.path + " faster";
    if (is_silent(it.behind) && it.route.timeout > patience) {
        finding.id = "upstream-never-answers";
        finding.what = it.server_name() + ", to which " + it.proxy() + " passes " + it.dial.path +
                       ", has not answered it within " + option +
                       ", and does not when it is "
                       "asked directly: it is not " +
                       it.route.product + " that hangs.";
        finding.fix =
            "look at what the handler of " + it.behind.path + " waits for in " + it.server_name();
    }
    if (it.server() != nullptr) finding.is_symptom = it.picture.is_troubled(*it.server());
    findings.push_back(std::move(finding));
}

// ---- Paths
// -------------------------------------------------------------------------------------

std::string keep_prefix(const ProxyRouteFact& route) {
    if (route.product == "Caddy") {
        return "write handle in place of handle_path (" + route.strips_where +
               "): it leaves the prefix where it is";
    }
    if (route.product == "HAProxy")
        return "remove " + route.strips_by + " (" + route.strips_where + ")";
    return "write the prefix behind " + render_endpoint(route.host, route.port) +
           ", too: " + route.directive + " " + route.strips + " " + route.scheme + "://" +
           render_endpoint(route.host, route.port) + route.strips + " (" + route.strips_where + ")";
}

void compare_paths(const Passed& it, std::vector<Finding>& findings) {
    const DialFact* const same = it.picture.dial("past proxy, same path: " + it.dial.id);
    constexpr int not_found = 404;
    if (same == nullptr || it.dial.status != not_found || it.behind.status != not_found) return;
    if (same->status < 200 || same->status >= 400) return;
    Finding finding = begin("proxy-strips-path", it, "proxy", 91);
    finding.what = it.route.strips_by + " (" + it.route.strips_where + ") strips the prefix " +
                   it.route.strips + ": for " + it.dial.path + " " + it.server_name() +
                   " is asked for " + it.behind.path + " and answers 404.";
    finding.evidence = {render_request(it.behind) + ": " + render_outcome(it.behind),
                        render_request(*same) + ": status " + std::to_string(same->status)};
    finding.fix = keep_prefix(it.route) + reload(it.route);
    findings.push_back(std::move(finding));
}

// ---- Schemes
// -----------------------------------------------------------------------------------

std::string correct_scheme(const Passed& it, bool needs_tls) {
    const ProxyRouteFact& route = it.route;
    if (route.product == "HAProxy") {
        return needs_tls ? "add ssl verify required (with ca-file; or verify none) to " + it.line()
                         : "remove ssl from " + it.line();
    }
    const std::string scheme = needs_tls ? "https://" : "http://";
    const bool is_apache = needs_tls && route.product == "Apache";
    return "write " + scheme + it.endpoint() + " in " + it.line() +
           (is_apache ? ", with SSLProxyEngine on" : "");
}

void compare_schemes(const Passed& it, std::vector<Finding>& findings) {
    const DialFact* const other = it.picture.dial("other scheme: " + it.behind.id);
    if (other == nullptr || other->status == 0) return;
    const bool needs_tls = other->protocol == "https";
    // An alert, or such an answer, comes from one that speaks TLS.
    if (!needs_tls && (has_tls_alert(it.behind) || wants_tls(*other))) return;
    const bool fails = it.dial.is_unexpected && (it.dial.status >= 500 || wants_tls(it.dial));
    if (!fails && !is_silent(it.dial)) return;
    Finding finding = begin("upstream-wrong-scheme", it, "upstream scheme", 89);
    finding.what = it.line() + " of " + it.proxy() + " speaks " +
                   (needs_tls ? "plain http" : "https") + " to " + it.endpoint() + ", where " +
                   (needs_tls ? "https (TLS)" : "plain http, no TLS,") +
                   " is spoken: " + it.dial.path + " is " +
                   (it.dial.status == 0 ? "not answered."
                                        : "answered with " + std::to_string(it.dial.status) + ".");
    finding.evidence = {render_request(it.behind) + ": " + render_outcome(it.behind),
                        render_request(*other) + ": " + render_outcome(*other)};
    finding.fix = correct_scheme(it, needs_tls) + reload(it.route);
    findings.push_back(std::move(finding));
}

// ---- Checks
// ------------------------------------------------------------------------------------

void look_at_check(const Passed& it, std::vector<Finding>& findings) {
    const DialFact* const check = it.picture.dial("check past proxy: " + it.dial.id);
    const bool is_refused = it.dial.status == 503 && it.route.is_checked;
    if (check == nullptr || !is_refused || check->status < 400) return;
    const std::string option = it.route.check_by + " (" + it.route.check_where + ")";
    Finding finding = begin("upstream-check-fails", it, "upstream-check-fails", 87);
    finding.what = it.proxy() + " answers 503, since its check fails: " + it.server_name() +
                   " answers " + option + " with " + std::to_string(check->status) + ", so that " +
                   it.line() + " is out of use.";
    finding.evidence = {render_request(*check) + ": " + render_outcome(*check),
                        render_request(it.dial) + ": status 503"};
    finding.fix = "correct the path of " + option + reload(it.route) + "; or let " +
                  it.server_name() + " answer " + it.route.check_path + " with 200";
    findings.push_back(std::move(finding));
}

// ---- One of several servers
// --------------------------------------------------------------------

bool is_there(const ProxyRouteFact& route, const Picture& picture, bool wanted) {
    return std::ranges::any_of(picture.facts().dials, [&](const DialFact& it) {
        const bool is_it =
            it.purpose == "reference" && it.host == route.host && it.port == route.port;
        return is_it && (wanted ? it.error.empty() : it.error == "connection refused");
    });
}

/// The proxy says that a request which it has sent there has failed.
const LineFact* find_failure(const ProxyRouteFact& route, const Picture& picture) {
    const std::string port = ":" + std::to_string(route.port);
    const std::string name = "/" + route.directive.substr(route.directive.find(' ') + 1);
    return picture.find_line(route.service, [&](const std::string& text) {
        const bool is_haproxy = route.product == "HAProxy" && contains(text, name + " ") &&
                                contains(text, " 503 ") && contains(text, " SC");
        const bool is_caddy = route.product == "Caddy" && contains(text, port) &&
                              contains(text, "connection refused") && contains(text, "502");
        return is_haproxy || is_caddy;
    });
}

/// Of servers that take turns one is not there, and nothing takes it out of use.
void look_at_servers(const std::vector<const ProxyRouteFact*>& servers,
                     const DialFact* asked,
                     const Picture& picture,
                     std::vector<Finding>& findings) {
    if (servers.size() < 2) return;
    const bool is_any_there =
        std::ranges::any_of(servers, [&](const auto* it) { return is_there(*it, picture, true); });
    for (const ProxyRouteFact* route : servers) {
        // Apache leaves out by itself what does not answer.
        const bool is_left_out = route->is_checked || route->product == "Apache";
        if (!is_any_there || is_left_out || !is_there(*route, picture, false)) continue;
        const LineFact* const line = find_failure(*route, picture);
        if (line == nullptr && asked == nullptr) continue;
        const std::string endpoint = render_endpoint(route->host, route->port);
        Finding finding;
        finding.id = "upstream-server-dead";
        finding.service = route->service;
        finding.topic = "endpoint " + endpoint;
        finding.strength = 88;
        finding.confidence = Confidence::sure;
        finding.what = route->directive + " (" + route->where + ") names " + endpoint +
                       ", where nothing listens: " + route->product + " (" + route->service +
                       ") sends it one of " + std::to_string(servers.size()) +
                       " requests all the same, and these fail.";
        finding.evidence = {"connect to " + endpoint + ": connection refused"};
        if (line != nullptr) finding.evidence.push_back(render_line(route->service, *line));
        finding.fix = "start what should listen on " + endpoint + ", or remove " +
                      route->directive + " (" + route->where + "); " +
                      (route->product == "HAProxy" ? "with check" : "with health checks") +
                      " it is left out while it is away";
        findings.push_back(std::move(finding));
    }
}

void look_at_all_servers(const Picture& picture, std::vector<Finding>& findings) {
    const DialFact* const asked = picture.dial("asked");
    std::set<const ProxyRouteFact*> seen;
    for (const ProxyRouteFact& route : picture.facts().proxy_routes) {
        if (route.path.empty() || route.ports.empty() || seen.contains(&route)) continue;
        const auto port = static_cast<int>(std::strtol(route.ports[0].c_str(), nullptr, 10));
        const auto servers = find_servers(picture.facts(), port, route.path);
        seen.insert(servers.begin(), servers.end());
        const bool is_asked = asked != nullptr &&
                              std::ranges::find(servers, &route) != servers.end() &&
                              find_servers(picture.facts(), asked->port, asked->path) == servers;
        look_at_servers(servers, is_asked ? asked : nullptr, picture, findings);
    }
}

// ---- A path that is passed to nobody
// -----------------------------------------------------------------------------

void look_for_route(const DialFact& dial, const Picture& picture, std::vector<Finding>& findings) {
    const ProxyRouteFact* known = nullptr;
    const DialFact* answer = nullptr;
    for (const auto* route : find_unmatched(picture.facts(), dial.port, dial.path)) {
        const DialFact* const tried = picture.dial("past " + route->where + ": " + dial.id);
        const bool knows = tried != nullptr && tried->status >= 200 && tried->status < 300;
        // One that answers every path with its page knows none.
        if (!knows || contains(header_of(*tried, "content-type"), "html")) continue;
        known = route;
        answer = tried;
    }
    if (known == nullptr) return;
    const std::string line = known->directive + " for " + known->path + " (" + known->where + ")";
    Finding finding;
    finding.id = "proxy-location-missing";
    finding.service = known->service;
    finding.topic = "proxy";
    finding.strength = 93;
    finding.confidence = Confidence::sure;
    finding.what = known->product + " (" + known->service + ") passes " + dial.path +
                   " to nobody, and answers it with " +
                   (is_page_for_api(dial) ? "a page of HTML" : std::to_string(dial.status)) + "; " +
                   render_endpoint(known->host, known->port) + ", where " + line +
                   " leads, knows it.";
    finding.evidence = {render_request(dial) + ": status " + std::to_string(dial.status),
                        render_request(*answer) + ": " + render_outcome(*answer)};
    finding.fix = "correct the path of " + line + ", or add one for it" + reload(*known);
    findings.push_back(std::move(finding));
}

}  // namespace

void find_route_mistakes(const Picture& picture, std::vector<Finding>& findings) {
    for (const DialFact& dial : picture.facts().dials) {
        if (dial.purpose != "probe" && dial.purpose != "asked") continue;
        look_for_route(dial, picture, findings);
        const DialFact* const behind = picture.dial("past proxy: " + dial.id);
        if (behind == nullptr) continue;
        const auto servers = find_servers(picture.facts(), dial.port, dial.path);
        const auto route = std::ranges::find_if(servers, [&](const ProxyRouteFact* it) {
            return it->host == behind->host && it->port == behind->port;
        });
        if (route == servers.end()) continue;
        const Passed passed{dial, picture, **route, *behind};
        compare_times(passed, findings);
        compare_paths(passed, findings);
        compare_schemes(passed, findings);
        look_at_check(passed, findings);
    }
    look_at_all_servers(picture, findings);
}

}  // namespace devstack::core::doctor
