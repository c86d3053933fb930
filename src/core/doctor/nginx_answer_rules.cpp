// What nginx answers by itself: its own rules, and not the server behind it, are the cause.

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/nginx_config.hpp"

#include "core/doctor/nginx_route.hpp"
#include "core/doctor/tls_signs.hpp"

#include <algorithm>

namespace devstack::core::doctor {

namespace {

/// A request that goes wrong, and where nginx has sent it.
struct Case {
    const DialFact& dial;
    Route route;
    const Picture& picture;

    std::string place() const {
        return route.location != nullptr ? place_of(route) : "server (" + route.server->where + ")";
    }
    std::string setting(std::string_view name) const {
        return route.location == nullptr ? "" : setting_of(*route.location, name);
    }
};

Finding begin(const Case& it, const char* id, int strength) {
    Finding finding;
    finding.id = id;
    finding.service = it.route.nginx->service;
    finding.topic = "proxy";
    finding.strength = strength;
    finding.confidence = Confidence::sure;
    finding.evidence = {
        render_request(it.dial) + ": " +
        (it.dial.status == 0 ? it.dial.error : "status " + std::to_string(it.dial.status))};
    return finding;
}

// ---- return ------------------------------------------------------------------------------------

/// "404" of "404 not here", 444 of a connection that is closed.
bool is_answer_of(const std::string& returns, const DialFact& dial) {
    constexpr std::string_view close_connection = "444";
    const std::string code = returns.substr(0, returns.find(' '));
    return dial.status == 0 ? code == close_connection : code == std::to_string(dial.status);
}

std::string name_of(const NginxServerFact& server) {
    return "server " + (server.names.empty() ? "" : server.names.front() + " ") + "(" +
           server.where + ")";
}

/// A server on the same port that would pass the request on.
const NginxServerFact* find_other_server(const Case& it) {
    for (const NginxServerFact& server : it.route.nginx->servers) {
        const bool is_there =
            std::ranges::find(server.listens, it.dial.port, &NginxListenFact::port) !=
            server.listens.end();
        const NginxLocationFact* const location = find_location(server, it.dial.path);
        if (&server == it.route.server || !is_there || location == nullptr) continue;
        const bool passes = !location->proxy_pass.empty() || !location->other_pass.empty();
        const bool is_twin = std::ranges::any_of(server.names, [&](const std::string& name) {
            const auto& names = it.route.server->names;
            return std::ranges::find(names, name) != names.end();
        });
        if (passes && !server.names.empty() && !is_twin) return &server;
    }
    return nullptr;
}

bool tell_return(const Case& it, std::vector<Finding>& findings) {
    const std::string returns =
        it.route.location == nullptr ? it.route.server->returns : it.setting("return");
    const NginxServerFact* const other = find_other_server(it);
    const std::string host = host_of(it.dial);
    const bool is_named =
        std::ranges::find(it.route.server->names, host) != it.route.server->names.end();
    const bool is_return = !returns.empty() && is_answer_of(returns, it.dial);
    const bool is_default = !is_named && other != nullptr;
    if (!is_return && !(is_default && it.dial.status == 404)) return false;
    Finding finding = begin(it, is_default ? "proxy-host-unknown" : "proxy-returns", 90);
    const std::string how = is_return ? "by return " + returns + " in " : "in ";
    if (is_default) {
        finding.what = "No server of nginx on port " + std::to_string(it.dial.port) +
                       " has the name " + host + ", so the default one, " +
                       name_of(*it.route.server) + ", answers " + it.dial.path + "; " +
                       name_of(*other) + " would pass it on.";
        finding.fix = "ask for it by a name that " + name_of(*other) + " has (http://" +
                      other->names.front() + ":" + std::to_string(it.dial.port) +
                      ", or -H \"Host: " + other->names.front() + "\"), or add " + host +
                      " to its server_name, then nginx -t and reload";
    } else {
        finding.what = "nginx answers " + it.dial.path + " itself " + how + it.place() +
                       ", and passes it on to nobody.";
        finding.fix = "take that return out of " + it.place() +
                      ", or add a location for the path, then nginx -t and reload";
    }
    findings.push_back(std::move(finding));
    return true;
}

// ---- auth_request ------------------------------------------------------------------------------

bool tell_auth_request(const Case& it, std::vector<Finding>& findings) {
    const std::string uri = it.setting("auth_request");
    const DialFact* const auth = it.picture.dial("auth of " + it.dial.id);
    if (uri.empty() || uri == "off" || auth == nullptr || auth->status == 0) return false;
    const bool is_refusal = auth->status == 401 || auth->status == 403;
    if (auth->status < 300) return false;
    const ServiceFact* const owner = it.picture.owner_of(auth->port);
    const std::string who = owner == nullptr || owner->name == it.route.nginx->service
                                ? render_endpoint(auth->host, auth->port)
                                : owner->name;
    Finding finding = begin(it, is_refusal ? "proxy-auth-refuses" : "proxy-auth-fails", 88);
    finding.what =
        "nginx asks " + who + " whether it may answer " + it.dial.path + " (auth_request " + uri +
        "), and " + render_request(*auth) + " is answered with " + std::to_string(auth->status) +
        (is_refusal ? ": the request is refused"
                    : ", which is neither yes (2xx) nor no (401, 403), so nginx says 500") +
        ", in " + it.place() + ".";
    finding.evidence.push_back(render_request(*auth) + ": " + render_outcome(*auth));
    finding.fix = is_refusal ? "ask with what " + who +
                                   " wants (-H \"Authorization: …\" or \"Cookie: …\"), "
                                   "or see its log for why it refuses"
                             : "see the log of " + who + " for " + auth->path +
                                   ", and correct the path that auth_request leads to";
    findings.push_back(std::move(finding));
    return true;
}

// ---- Servers that are marked down, headers that are dropped
// --------------------------------------

bool tell_down(const Case& it, std::vector<Finding>& findings) {
    if (it.route.location == nullptr || it.dial.status < 500) return false;
    for (const NginxUpstreamFact& upstream : it.route.nginx->upstreams) {
        const bool is_it = contains(it.route.location->proxy_pass, "://" + upstream.name);
        if (!is_it || !upstream.servers.empty() || upstream.down.empty()) continue;
        Finding finding = begin(it, "upstream-marked-down", 90);
        finding.what = "All servers of upstream " + upstream.name + " (" + upstream.where +
                       ") are marked down (" + join_for_people(upstream.down) +
                       "), so nginx answers " + it.dial.path + " with " +
                       std::to_string(it.dial.status) + ".";
        finding.fix = "take down from one that is there, in upstream " + upstream.name + " (" +
                      upstream.where + "), then nginx -t and reload";
        findings.push_back(std::move(finding));
        return true;
    }
    return false;
}

/// By default nginx passes on no header with an underscore in its name
/// (nginx.org/en/docs/http/ngx_http_core_module.html#underscores_in_headers).
bool tell_dropped_header(const Case& it, std::vector<Finding>& findings) {
    const DialFact* const behind = it.picture.behind_nginx(it.dial);
    const auto header = std::ranges::find_if(
        it.dial.sent, [](const HeaderFact& sent) { return contains(sent.name, "_"); });
    const bool is_well = behind != nullptr && behind->status >= 200 && behind->status < 400;
    if (header == it.dial.sent.end() || !is_well || it.dial.status < 400) return false;
    Finding finding = begin(it, "proxy-drops-header", 86);
    finding.what = "nginx does not pass on the header " + header->name +
                   ": by default it drops those with an underscore (underscores_in_headers off); "
                   "the same request past nginx is answered with " +
                   std::to_string(behind->status) + ".";
    finding.evidence.push_back(render_request(*behind) + ": status " +
                               std::to_string(behind->status));
    finding.fix =
        "call the header by a name with hyphens, or underscores_in_headers on; in the "
        "server (" +
        it.route.server->where + "), then nginx -t and reload";
    findings.push_back(std::move(finding));
    return true;
}

// ---- auth_basic, and the rest ------------------------------------------------------------------

bool tell_login(const Case& it, std::vector<Finding>& findings) {
    constexpr int unauthorized = 401;
    const std::string realm = it.setting("auth_basic");
    if (it.dial.status != unauthorized || realm.empty() || realm == "off") return false;
    Finding finding = begin(it, "proxy-wants-login", 60);
    finding.what =
        "nginx wants a log-in for " + it.dial.path + " (auth_basic), in " + it.place() + ".";
    finding.fix = "ask with -H \"Authorization: Basic …\" (user and password as in " +
                  it.setting("auth_basic_user_file") + "), or auth_basic off; there";
    findings.push_back(std::move(finding));
    return true;
}

/// The one behind it would have answered well.
void tell_difference(const Case& it, std::vector<Finding>& findings) {
    const DialFact* const behind = it.picture.behind_nginx(it.dial);
    const bool is_well = behind != nullptr && behind->status >= 200 && behind->status < 400;
    if (!is_well || it.dial.status < 400 || it.dial.status > 500) return;
    if (wants_tls(it.dial)) return;  // That is all that it refuses.
    Finding finding = begin(it, "proxy-answers-itself", 58);
    finding.confidence = Confidence::probable;
    finding.what =
        "nginx answers " + it.dial.path + " with " + std::to_string(it.dial.status) +
        " itself, in " + it.place() + ": " + render_endpoint(behind->host, behind->port) +
        " behind it answers the same request with " + std::to_string(behind->status) + ".";
    finding.evidence.push_back(render_request(*behind) + ": status " +
                               std::to_string(behind->status));
    finding.fix = "see what refuses it in " + it.place() +
                  " (allow, deny, if, return, auth_basic, auth_request, limit_except)";
    findings.push_back(std::move(finding));
}

// ---- error_page --------------------------------------------------------------------------------

/// A page of nginx' own hides that nobody is behind it.
void look_behind_page(const Case& it, std::vector<Finding>& findings) {
    const DialFact* const behind = it.picture.behind_nginx(it.dial);
    const std::string page = it.setting("error_page");
    const bool is_dead = behind != nullptr && behind->error == "connection refused";
    if (!is_dead || page.empty() || it.dial.status == 0 || it.dial.status >= 400) return;
    Finding finding = begin(it, "proxy-hides-error", 87);
    finding.what = "nginx answers " + it.dial.path + " with a page of its own (error_page " + page +
                   ") and " + std::to_string(it.dial.status) + ": nothing listens on " +
                   render_endpoint(behind->host, behind->port) + ", where " + pass_of(it.route) +
                   " leads.";
    finding.evidence.push_back(render_request(*behind) + ": " + render_outcome(*behind));
    finding.fix = "start what should listen on " + render_endpoint(behind->host, behind->port) +
                  ", or correct " + it.route.location->proxy_pass_where;
    const ServiceFact* const owner = it.picture.owner_of(behind->port);
    if (owner != nullptr && owner->name != it.route.nginx->service) finding.blames = {owner->name};
    findings.push_back(std::move(finding));
}

}  // namespace

void find_nginx_answers(const Picture& picture, std::vector<Finding>& findings) {
    for (const DialFact& dial : picture.facts().dials) {
        if (dial.purpose != "probe" && dial.purpose != "asked") continue;
        const Case it{dial, find_route(picture, dial), picture};
        if (it.route.server == nullptr || dial.stage == "connect") continue;
        look_behind_page(it, findings);
        const bool is_bad =
            dial.is_unexpected || (!dial.error.empty() && dial.error != "no answer");
        if (!is_bad) continue;
        if (tell_return(it, findings) || tell_auth_request(it, findings)) continue;
        if (tell_down(it, findings) || tell_dropped_header(it, findings)) continue;
        if (!tell_login(it, findings)) tell_difference(it, findings);
    }
}

}  // namespace devstack::core::doctor
