// HAProxy answers by itself: it denies a request, or has nobody to pass it to.

#include "devstack/base/text.hpp"

#include "core/doctor/proxy_answers.hpp"

#include <algorithm>
#include <regex>

namespace devstack::core::doctor {

namespace {

/// Its own page (http_err_msgs in its source), unless errorfile gives another one.
bool has_own_page(const DialFact& dial) {
    return contains(dial.body, "Request forbidden by administrative rules.") ||
           contains(dial.body, "No server is available to handle this request.") ||
           contains(dial.body, "You need a valid user and password to access this content.") ||
           contains(dial.body, "You have sent too many requests in a given amount of time.");
}

/// Of its log by option httplog: who was to answer, and how it ended (configuration manual, 8.5).
struct Logged {
    const LineFact* line = nullptr;
    std::string frontend;
    std::string backend;
    std::string server;
    std::string state;  ///< "SC", "PR".
};

Logged find_logged(const ProxyAnswer& it) {
    static const std::regex form{
        R"re( (\S+?)~? (\S+?)/(\S+) [-+\d/]+ (-?\d+) \+?\d+ \S+ \S+ (\w[\w-])[\w-]{2} )re"};
    const std::string request = " " + it.path();
    Logged logged;
    std::smatch found;
    const auto is_it = [&](const std::string& text) {
        const auto at = text.find(request);
        if (at == text.npos || (!contains(text, request + " ") && !contains(text, request + "?"))) {
            return false;
        }
        return std::regex_search(text, found, form) &&
               found[4].str() == std::to_string(it.dial.status);
    };
    logged.line = it.picture.find_line(it.proxy.name, is_it);
    if (logged.line == nullptr) return logged;
    std::regex_search(logged.line->text, found, form);
    logged.frontend = found[1];
    logged.backend = found[2];
    logged.server = found[3];
    logged.state = found[5];
    return logged;
}

void add_signs(const ProxyAnswer& it, const Logged& logged, Finding& finding) {
    if (logged.line != nullptr) {
        finding.evidence.push_back(render_line(it.proxy.name, *logged.line));
    }
    if (const DialFact* const behind = it.well_behind()) {
        finding.evidence.push_back(render_request(*behind) + ": status " +
                                   std::to_string(behind->status));
    }
}

/// Those that may have answered this request so; if one certainly applies, that one.
std::vector<const ProxyRuleFact*> find_answering(const ProxyAnswer& it, std::string_view kind) {
    std::vector<const ProxyRuleFact*> possible;
    for (const ProxyRuleFact* rule : it.rules(kind)) {
        const bool is_path = rule->path.empty() || rule->path == it.path();
        if (rule->status != it.dial.status || !is_path) continue;
        const Applies applies = evaluate(rule->condition, it.request());
        if (applies == Applies::yes) return {rule};
        if (applies == Applies::unknown) possible.push_back(rule);
    }
    return possible;
}

std::string list_places(const std::vector<const ProxyRuleFact*>& rules) {
    std::vector<std::string> places;
    places.reserve(rules.size());
    for (const ProxyRuleFact* rule : rules)
        places.push_back(place_of(*rule));
    return (places.size() > 1 ? "one of " : "") + join_for_people(places);
}

bool tell_denial(const ProxyAnswer& it, const Logged& logged, std::vector<Finding>& findings) {
    constexpr std::size_t rules_max = 3;
    const bool is_closed = it.dial.status == 0 && contains(it.dial.error, "closed");
    if (it.dial.status < 400 && !is_closed) return false;
    const auto rules = find_answering(it, "deny");
    const bool is_own = has_own_page(it.dial) || logged.state == "PR" || logged.state == "PT" ||
                        it.well_behind() != nullptr;
    if (rules.empty() || rules.size() > rules_max || !is_own) return false;
    Finding finding = it.begin("proxy-denies-request", 90);
    finding.what = it.name() + " refuses " + it.path() +
                   " itself, and passes it on to nobody: " + list_places(rules) + ".";
    add_signs(it, logged, finding);
    const std::string client = it.request().client;
    finding.fix =
        "correct the condition there, or ask as it wants it" +
        (client.empty() ? "" : " (this request: host " + it.host() + ", from " + client + ")") +
        ", then reload HAProxy";
    findings.push_back(std::move(finding));
    return true;
}

bool tell_answer(const ProxyAnswer& it, const Logged& logged, std::vector<Finding>& findings) {
    constexpr int unauthorized = 401;
    if (it.dial.status < 400) return false;
    const bool is_login = it.dial.status == unauthorized;
    const auto rules = find_answering(it, is_login ? "login" : "answer");
    const bool is_own =
        has_own_page(it.dial) || logged.state == "LR" || it.well_behind() != nullptr;
    if (rules.size() != 1 || !is_own) return false;
    Finding finding =
        it.begin(is_login ? "proxy-wants-login" : "proxy-returns", is_login ? 60 : 90);
    finding.what = is_login ? it.name() + " wants a log-in for " + it.path() + ": " +
                                  place_of(*rules.front()) + "."
                            : it.name() + " answers " + it.path() +
                                  " itself, and passes it on to "
                                  "nobody: " +
                                  place_of(*rules.front()) + ".";
    add_signs(it, logged, finding);
    finding.fix = is_login ? "ask with -H \"Authorization: Basic …\" (a user of its userlist)"
                           : "correct the condition there, then reload HAProxy";
    findings.push_back(std::move(finding));
    return true;
}

/// It would apply if the port were not a part of the host.
bool fails_by_port(const ProxyAnswer& it, const ProxyRuleFact& rule) {
    ProxyRequest request = it.request();
    request.host = request.host.substr(0, request.host.rfind(':'));
    return evaluate(rule.condition, request) == Applies::yes;
}

/// "api.test" of "if { hdr(host) -i api.test }".
std::string wanted_host(const ProxyRuleFact& rule) {
    static const std::regex form{R"re(^if \{ (?:req\.)?hdr\(host\)\S* (?:-i )?([\w.:-]+) \}$)re",
                                 std::regex::icase};
    std::smatch found;
    return std::regex_match(rule.condition, found, form) ? found[1].str() : "";
}

std::string correct_choice(const ProxyAnswer& it,
                           const std::vector<const ProxyRuleFact*>& choices,
                           const ProxyRuleFact& front) {
    for (const ProxyRuleFact* choice : choices) {
        if (!fails_by_port(it, *choice)) continue;
        return "the header Host has the port in it: write req.hdr(host),field(1,:) in place of "
               "hdr(host) in the condition of " +
               place_of(*choice);
    }
    std::string fix = choices.empty()
                          ? "add default_backend to " + front.group + " (" + front.where + ")"
                          : "add default_backend " + choices.front()->target + " to " +
                                front.group + " (" + front.where + ")";
    const std::string host = choices.empty() ? "" : wanted_host(*choices.front());
    if (!host.empty()) fix += ", or ask by the host that it wants (-H \"Host: " + host + "\")";
    return fix;
}

/// No use_backend applies, and there is no default_backend.
bool tell_no_choice(const ProxyAnswer& it, const Logged& logged, std::vector<Finding>& findings) {
    const auto defaults = it.rules("default");
    if (it.dial.status != 503 || defaults.size() != 1) return false;
    const ProxyRuleFact& front = *defaults.front();
    if (!front.target.empty()) return false;
    const bool is_logged = logged.server == "<NOSRV>" && logged.frontend == logged.backend;
    const auto choices = it.rules("use");
    const bool is_evaluated = std::ranges::all_of(choices, [&](const ProxyRuleFact* choice) {
        return evaluate(choice->condition, it.request()) == Applies::no;
    });
    if (!is_logged && !(is_evaluated && has_own_page(it.dial))) return false;
    std::vector<std::string> conditions;
    for (const ProxyRuleFact* choice : choices) {
        constexpr std::size_t choices_max = 3;
        if (conditions.size() == choices_max) break;
        conditions.push_back("use_backend " + choice->target + " " + choice->condition + " (" +
                             choice->where + ")");
    }
    Finding finding = it.begin("proxy-no-backend", 91);
    finding.what = it.name() + " has no backend for " + it.path() + " of host " + it.host() + ": " +
                   front.group + " (" + front.where + ") has no default_backend" +
                   (conditions.empty()
                        ? " and no use_backend"
                        : ", and of its conditions none applies: " + join_for_people(conditions)) +
                   ".";
    add_signs(it, logged, finding);
    finding.fix = correct_choice(it, choices, front) + ", then reload HAProxy";
    findings.push_back(std::move(finding));
    return true;
}

bool tell_empty(const ProxyAnswer& it, const Logged& logged, std::vector<Finding>& findings) {
    const auto empty = it.rules("empty");
    if (it.dial.status != 503 || empty.empty() || !has_own_page(it.dial)) return false;
    const bool is_other = logged.line != nullptr && logged.backend != empty.front()->target;
    if (is_other || empty.size() != 1) return false;
    // Without the log it is only sure where there is nobody else.
    const bool is_alone = it.rules("use").size() + it.rules("default").size() == 1;
    if (logged.line == nullptr && !is_alone) return false;
    Finding finding = it.begin("proxy-no-backend", 91);
    finding.what = it.name() + " has nobody to pass " + it.path() + " to: " + empty.front()->group +
                   " (" + empty.front()->where + ") names no server.";
    add_signs(it, logged, finding);
    finding.fix = "add a line server NAME HOST:PORT to it, then reload HAProxy";
    findings.push_back(std::move(finding));
    return true;
}

/// The log names the backend whose servers are all out of use.
bool tell_all_down(const ProxyAnswer& it, const Logged& logged, std::vector<Finding>& findings) {
    const bool is_it = it.dial.status == 503 && logged.server == "<NOSRV>" &&
                       logged.frontend != logged.backend && logged.state == "SC";
    if (!is_it) return false;
    std::vector<std::string> servers;
    Finding finding = it.begin("upstream-all-down", 77);
    for (const ProxyRouteFact& route : it.picture.facts().proxy_routes) {
        const bool is_there = route.service == it.proxy.name &&
                              route.group == "backend " + logged.backend &&
                              std::ranges::find(servers, place_of(route)) == servers.end();
        if (!is_there) continue;
        servers.push_back(place_of(route));
        const ServiceFact* const owner =
            is_local(route.host) ? it.picture.owner_of(route.port) : nullptr;
        if (owner != nullptr && owner != &it.proxy) finding.blames.push_back(owner->name);
    }
    finding.what =
        it.name() + " has no server left in backend " + logged.backend + ", so it answers " +
        it.path() + " with 503: " +
        (servers.empty() ? "all are"
                         : join_for_people(servers) + (servers.size() == 1 ? " is" : " are")) +
        " out of use.";
    finding.evidence.push_back(render_line(it.proxy.name, *logged.line));
    finding.fix =
        "start what its servers name, or correct their checks (check, option httpchk); "
        "a line with is DOWN in the log of " +
        it.proxy.name + " says why";
    findings.push_back(std::move(finding));
    return true;
}

// ---- The PROXY protocol, which one side speaks and the other does not --------------------------

bool tell_proxy_protocol(const ProxyAnswer& it, std::vector<Finding>& findings) {
    const bool is_closed = it.dial.status == 0 && it.dial.error != "no answer";
    const auto accepting = it.rules("accept-proxy");
    const auto sending = it.rules("send-proxy");
    if (is_closed && !accepting.empty()) {
        Finding finding = it.begin("proxy-wants-proxy-protocol", 92);
        finding.what = it.name() +
                       " takes only connections that begin with the PROXY protocol "
                       "here, which other load balancers speak and clients do not: " +
                       place_of(*accepting.front()) + ".";
        finding.fix =
            "take accept-proxy out of it where clients come directly, or ask through the "
            "load balancer before it; then reload HAProxy";
        findings.push_back(std::move(finding));
        return true;
    }
    constexpr int bad_request = 400;
    const bool is_refused = it.dial.status == bad_request || it.dial.status == 502;
    if (!is_refused || sending.empty() || it.well_behind() == nullptr) return false;
    Finding finding = it.begin("proxy-sends-proxy-protocol", 90);
    finding.what = it.name() +
                   " begins its connections with the PROXY protocol, which the server "
                   "behind it takes for a bad request: " +
                   place_of(*sending.front()) + ".";
    add_signs(it, {}, finding);
    finding.fix =
        "take send-proxy out of it, or let the server expect it (listen … "
        "proxy_protocol of nginx, accept-proxy of HAProxy); then reload HAProxy";
    findings.push_back(std::move(finding));
    return true;
}

}  // namespace

void find_haproxy_answers(const Picture& picture, std::vector<Finding>& findings) {
    for (const ProxyAnswer& it : find_proxy_answers(picture, "HAProxy")) {
        const bool is_bad = it.dial.is_unexpected || !it.dial.error.empty();
        if (!is_bad || it.dial.stage == "connect") continue;
        const Logged logged = find_logged(it);
        if (tell_proxy_protocol(it, findings)) continue;
        if (tell_denial(it, logged, findings) || tell_answer(it, logged, findings)) continue;
        if (tell_no_choice(it, logged, findings) || tell_empty(it, logged, findings)) continue;
        tell_all_down(it, logged, findings);
    }
}

}  // namespace devstack::core::doctor
