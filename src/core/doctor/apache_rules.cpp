// Apache answers by itself: it lets nobody in, rewrites a path without end, or passes a request to
// a host that nobody meant.

#include "devstack/base/text.hpp"

#include "core/doctor/proxy_answers.hpp"

#include <algorithm>
#include <regex>
#include <sstream>

namespace devstack::core::doctor {

namespace {

bool is_prefix(const std::string& prefix, const std::string& path) {
    return prefix == "/" || path == prefix || path.starts_with(prefix + "/");
}

bool is_since_asked(const ProxyAnswer& it, const LineFact& line) {
    constexpr double probe_seconds = 60;
    constexpr double asked_seconds = 2;  // Its log tells whole seconds.
    const double age = it.picture.seconds_since(line.time);
    return it.dial.purpose == "asked" ? age <= asked_seconds : age <= probe_seconds;
}

const LineFact* find_line(const ProxyAnswer& it, std::string_view text) {
    const LineFact* const line = it.picture.find_line_with(it.proxy.name, text);
    return line != nullptr && is_since_asked(it, *line) ? line : nullptr;
}

// ---- Require -----------------------------------------------------------------------------------

/// "Require ip 10.0.0.0/8 192.168": whether it lets the client in.
Applies lets_in(const ProxyRuleFact& rule, const std::string& client) {
    std::istringstream words{rule.text};
    std::string name;
    std::string what;
    words >> name >> what;
    if (what == "all" || client.empty()) return Applies::no;
    if (what == "local") return is_local(client) ? Applies::yes : Applies::no;
    if (what != "ip") return Applies::unknown;
    Applies is_in = Applies::no;
    for (std::string network; words >> network;) {
        const Applies it = is_in_network(client, network);
        if (it == Applies::yes) return it;
        // A part of an address is one, too.
        if (it == Applies::unknown && client.starts_with(network + ".")) return Applies::yes;
    }
    return is_in;
}

/// The closest one that keeps the request out; null: none is known.
const ProxyRuleFact* find_denial(const ProxyAnswer& it) {
    const ProxyRuleFact* best = nullptr;
    const auto rules = it.rules("deny");
    // Of several in one place it is enough that one does.
    const auto is_let_in = [&](const std::string& group) {
        return std::ranges::any_of(rules, [&](const ProxyRuleFact* rule) {
            return rule->group == group && lets_in(*rule, it.request().client) == Applies::yes;
        });
    };
    for (const ProxyRuleFact* rule : rules) {
        const bool is_it =
            !rule->path.empty() && is_prefix(rule->path, it.path()) && !is_let_in(rule->group);
        if (is_it && (best == nullptr || rule->path.size() >= best->path.size())) best = rule;
    }
    return best;
}

std::string mend_denial(const ProxyRuleFact& rule, const std::string& client) {
    if (rule.text.starts_with("Require ip") && !client.empty()) {
        return "add " + client + " to it (" + rule.text + " " + client +
               ") if this client may come in";
    }
    if (contains_word(rule.text, "all denied")) {
        return "let in who may come (Require local, Require ip …) in its place";
    }
    return "correct it if this client may come in";
}

bool tell_denial(const ProxyAnswer& it, std::vector<Finding>& findings) {
    constexpr int forbidden = 403;
    if (it.dial.status != forbidden) return false;
    const LineFact* const line = find_line(it, "client denied by server configuration");
    const ProxyRuleFact* const rule = find_denial(it);
    if (rule == nullptr || (line == nullptr && it.well_behind() == nullptr)) return false;
    const std::string client = it.request().client;
    Finding finding = it.begin("request-denied-by-config", 88);
    finding.topic = finding.id;
    finding.what = it.name() + " refuses " + it.path() + " itself: " + place_of(*rule) +
                   (rule->group.empty() ? "" : ", in " + rule->group + ",") + " does not let " +
                   (client.empty() ? "the client" : client) + " in.";
    if (line != nullptr) finding.evidence.push_back(render_line(it.proxy.name, *line));
    finding.fix = mend_denial(*rule, client) + ", at " + rule->where + ", then reload Apache";
    findings.push_back(std::move(finding));
    return true;
}

// ---- RewriteRule -------------------------------------------------------------------------------

/// What becomes of the path applies again. In a directory paths begin without the slash.
bool applies_again(const ProxyRuleFact& rule, std::string path) {
    try {
        const std::regex pattern{rule.path};
        const bool is_absolute = rule.path.starts_with("^/");
        if (!is_absolute && path.starts_with('/')) path.erase(0, 1);
        for (int round = 0; round < 2; ++round) {
            std::smatch found;
            if (!std::regex_search(path, found, pattern)) return false;
            path = found.format(rule.target);
            path = path.substr(0, path.find('?'));
            if (!is_absolute && path.starts_with('/')) path.erase(0, 1);
        }
        return std::regex_search(path, pattern);
    } catch (const std::regex_error&) {
        return false;
    }
}

std::string mend_loop(const ProxyRuleFact& rule) {
    const auto slash = rule.target.find('/', 1);
    const std::string first = rule.target.substr(0, slash);
    const bool is_plain = first.find_first_of("$%") == first.npos && first != "-";
    if (!rule.condition.empty() || !is_plain) {
        return "end it with [END] in place of [L] at " + rule.where +
               ", or see that what it leads to exists";
    }
    return "put RewriteCond %{REQUEST_URI} !^" + std::string{first.starts_with('/') ? "" : "/"} +
           first + " before " + rule.where + ", or end the rule with [END] in place of [L]";
}

bool tell_loop(const ProxyAnswer& it, std::vector<Finding>& findings) {
    constexpr int server_error = 500;
    if (it.dial.status != server_error) return false;
    const LineFact* const line = find_line(it, "AH00124");
    if (line == nullptr) return false;
    Finding finding = it.begin("proxy-rewrite-loop", 88);
    const auto rules = it.rules("rewrite");
    auto rule = std::ranges::find_if(rules, [&](const ProxyRuleFact* known) {
        return known->condition.empty() && applies_again(*known, it.path());
    });
    if (rule == rules.end()) {
        rule = std::ranges::find_if(
            rules, [&](const ProxyRuleFact* known) { return applies_again(*known, it.path()); });
    }
    const std::string begin =
        it.name() + " rewrites " + it.path() + " again and again, and gives up after 10 times";
    if (rule == rules.end()) {
        finding.what = begin + ": a RewriteRule applies to what it makes of the path.";
        finding.fix =
            "put a RewriteCond before the rule that leaves out what it leads to, or end "
            "it with [END] in place of [L]; LogLevel rewrite:trace3 shows which it is";
    } else {
        finding.what = begin + ": " + place_of(**rule) +
                       ((*rule)->condition.empty() ? " has no condition, and applies"
                                                   : " applies, with its conditions,") +
                       " to what it makes of the path, too.";
        finding.fix = mend_loop(**rule);
    }
    finding.evidence.push_back(render_line(it.proxy.name, *line));
    findings.push_back(std::move(finding));
    return true;
}

// ---- ProxyPass ---------------------------------------------------------------------------------

/// "ProxyPass /api/ http://127.0.0.1:9001": what is behind the path is put at the end of the port.
bool tell_slash(const ProxyAnswer& it, std::vector<Finding>& findings) {
    if (it.dial.status < 500) return false;
    const LineFact* const line = find_line(it, "AH00898: DNS lookup failure for: ");
    if (line == nullptr) return false;
    static const std::regex form{R"re(lookup failure for: (\S+))re"};
    std::smatch found;
    if (!std::regex_search(line->text, found, form)) return false;
    const std::string host = found[1].str();
    for (const ProxyRouteFact& route : it.picture.facts().proxy_routes) {
        const std::string at = render_endpoint(route.host, route.port);
        const bool is_it = route.service == it.proxy.name && route.strips.ends_with('/') &&
                           route.puts.empty() && host.starts_with(at) && host != at;
        if (!is_it) continue;
        Finding finding = it.begin("proxy-pass-no-slash", 91);
        finding.what = it.name() + " takes " + host + " for the host of its upstream: in " +
                       route.strips_by + " (" + route.strips_where + ") " + route.strips +
                       " ends with a slash and " + at +
                       " does not, so that the rest of the path runs into the port.";
        finding.evidence.push_back(render_line(it.proxy.name, *line));
        finding.fix = "end both with a slash, or none: ProxyPass " + route.strips + " " +
                      route.scheme + "://" + at + route.strips + " (" + route.strips_where +
                      ") keeps the path, then reload Apache";
        findings.push_back(std::move(finding));
        return true;
    }
    return false;
}

/// The first ProxyPass that fits counts, not the longest one.
bool tell_order(const ProxyAnswer& it, std::vector<Finding>& findings) {
    const DialFact* const other = it.picture.dial("past shadowed proxy: " + it.dial.id);
    const bool is_well = other != nullptr && other->status >= 200 && other->status < 400;
    if (!is_well || it.dial.status < 400) return false;
    const std::string port = std::to_string(it.dial.port);
    const ProxyRouteFact* first = nullptr;
    for (const ProxyRouteFact& route : it.picture.facts().proxy_routes) {
        const bool fits = route.service == it.proxy.name && !route.path.empty() &&
                          std::ranges::find(route.ports, port) != route.ports.end() &&
                          it.dial.path.starts_with(route.path) && !route.strips_by.empty();
        if (!fits) continue;
        if (first == nullptr) {
            first = &route;
            continue;
        }
        if (route.host != other->host || route.port != other->port) continue;
        Finding finding = it.begin("proxy-pass-shadowed", 92);
        finding.what = route.strips_by + " (" + route.where + ") of " + it.name() +
                       " never applies: " + first->strips_by + " (" + first->where +
                       ") stands before it and takes " + it.path() + ", too.";
        finding.evidence.push_back(render_request(*other) + ": status " +
                                   std::to_string(other->status));
        finding.fix = "put the longer path first: " + route.where + " before " + first->where +
                      ", then reload Apache";
        findings.push_back(std::move(finding));
        return true;
    }
    return false;
}

}  // namespace

void find_apache_answers(const Picture& picture, std::vector<Finding>& findings) {
    for (const ProxyAnswer& it : find_proxy_answers(picture, "Apache")) {
        const bool is_bad = it.dial.is_unexpected || !it.dial.error.empty();
        if (!is_bad || it.dial.stage == "connect") continue;
        if (tell_order(it, findings) || tell_slash(it, findings)) continue;
        if (!tell_loop(it, findings)) tell_denial(it, findings);
    }
}

}  // namespace devstack::core::doctor
