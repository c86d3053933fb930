// Caddy answers by itself: for a host that no site is for, by respond, or because the variable that
// names its upstream is not set.

#include "devstack/base/text.hpp"

#include "core/doctor/proxy_answers.hpp"
#include "core/doctor/tls_signs.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>

namespace devstack::core::doctor {

namespace {

std::string host_alone(const std::string& host) {
    const auto colon = host.rfind(':');
    const bool has_port = colon != host.npos && host.find(']', colon) == host.npos;
    std::string alone = has_port && host.find(':') == colon ? host.substr(0, colon) : host;
    if (host.starts_with('[')) alone = host.substr(1, host.find(']') - 1);
    std::ranges::transform(alone, alone.begin(), [](unsigned char c) { return std::tolower(c); });
    return alone;
}

/// "*" stands for one part of a name (caddyserver.com/docs/caddyfile/concepts#addresses).
bool is_for(const ProxyRuleFact& rule, const std::string& host) {
    return rule.hosts.empty() || std::ranges::any_of(rule.hosts, [&](const std::string& name) {
               if (name == "*" || name == host) return true;
               const auto dot = host.find('.');
               return name.starts_with("*.") && dot != host.npos &&
                      host.substr(dot) == name.substr(1);
           });
}

Applies is_path(const std::string& patterns, const std::string& path) {
    if (patterns.empty()) return Applies::yes;
    std::istringstream words{patterns};
    for (std::string pattern; words >> pattern;) {
        if (pattern == "?") return Applies::unknown;
        const bool is_prefix = pattern.ends_with('*');
        if (is_prefix) pattern.pop_back();
        if (pattern.find('*') != pattern.npos) return Applies::unknown;
        if (is_prefix ? path.starts_with(pattern) : path == pattern) return Applies::yes;
    }
    return Applies::no;
}

// ---- Hosts -------------------------------------------------------------------------------------

/// Caddy answers 200 with nothing to whom no site is for, and refuses TLS where it has no
/// certificate for the name.
bool tell_host(const ProxyAnswer& it, std::vector<Finding>& findings) {
    const auto sites = it.rules("site");
    const std::string host = host_alone(it.host());
    const bool is_empty = it.dial.status == 200 && it.dial.error.empty() && it.dial.body.empty() &&
                          header_of(it.dial, "server") == "Caddy" &&
                          header_of(it.dial, "content-length") == "0";
    const bool is_refused = it.dial.stage == "tls" && has_tls_alert(it.dial);
    const bool is_known =
        std::ranges::any_of(sites, [&](const ProxyRuleFact* site) { return is_for(*site, host); });
    if (sites.empty() || is_known || (!is_empty && !is_refused)) return false;
    std::vector<std::string> names;
    for (const ProxyRuleFact* site : sites)
        names.push_back(place_of(*site));
    const std::string wanted = sites.front()->hosts.front();
    const std::string port = ":" + std::to_string(it.dial.port);
    Finding finding = it.begin("proxy-host-unknown", 91);
    finding.what = "No site of " + it.name() + " on port " + std::to_string(it.dial.port) +
                   " is for the host " + host + ", only " + join_for_people(names) + ": Caddy " +
                   (is_empty ? "answers " + it.path() +
                                   " with 200 and nothing in it, and passes "
                                   "it on to nobody."
                             : "has no certificate for that name, and refuses TLS.");
    if (is_empty) finding.evidence = {it.outcome() + ", content-length: 0, server: Caddy"};
    finding.fix = "ask for " + it.dial.protocol + "://" + wanted + port +
                  (it.dial.protocol == "http" ? " (or -H \"Host: " + wanted + port + "\")" : "") +
                  ", or add " + host + port + " to the addresses of the site (" +
                  sites.front()->where + "), then caddy reload";
    findings.push_back(std::move(finding));
    return true;
}

// ---- respond, error, abort ---------------------------------------------------------------------

bool tell_answer(const ProxyAnswer& it, std::vector<Finding>& findings) {
    const bool is_closed =
        it.dial.status == 0 && it.dial.stage == "first byte" && it.dial.error != "no answer";
    if (it.dial.status < 400 && !is_closed) return false;
    constexpr int unauthorized = 401;
    const bool is_login = it.dial.status == unauthorized;
    std::vector<const ProxyRuleFact*> certain;
    for (const ProxyRuleFact* rule : it.rules(is_login ? "login" : "answer")) {
        const bool is_it = rule->status == it.dial.status && is_for(*rule, host_alone(it.host())) &&
                           is_path(rule->condition, it.path()) == Applies::yes;
        if (is_it) certain.push_back(rule);
    }
    // Behind it another one may answer the same.
    const bool is_own = header_of(it.dial, "server") == "Caddy" || is_closed;
    if (certain.size() != 1 || (!is_own && it.well_behind() == nullptr)) return false;
    const ProxyRuleFact& rule = *certain.front();
    Finding finding =
        it.begin(is_login ? "proxy-wants-login" : "proxy-returns", is_login ? 60 : 90);
    if (const DialFact* const behind = it.well_behind()) {
        finding.evidence.push_back(render_request(*behind) + ": status " +
                                   std::to_string(behind->status));
    }
    finding.what =
        is_login ? it.name() + " wants a log-in for " + it.path() + ": " + place_of(rule) + "."
                 : it.name() + " answers " + it.path() + " itself, by " + place_of(rule) +
                       ", and passes it on to nobody.";
    finding.fix = is_login
                      ? "ask with -H \"Authorization: Basic …\""
                      : "take it out, or narrow its matcher: outside of route { } it comes before "
                        "reverse_proxy, whatever the order in the file is; then caddy reload";
    findings.push_back(std::move(finding));
    return true;
}

// ---- Variables ---------------------------------------------------------------------------------

/// Directives that can do nothing without what the variable names.
bool needs_value(const ProxyRuleFact& rule) {
    constexpr std::array<std::string_view, 7> names{
        "reverse_proxy", "to", "php_fastcgi", "root", "bind", "tls", "import"};
    const std::string directive = rule.text.substr(0, rule.text.find(' '));
    return std::ranges::find(names, std::string_view{directive}) != names.end();
}

void tell_variable(const ProxyRuleFact& rule,
                   const ServiceFact& service,
                   std::vector<std::string> evidence,
                   std::vector<Finding>& findings) {
    Finding finding;
    finding.id = "proxy-variable-unset";
    finding.service = service.name;
    finding.topic = "proxy";
    finding.strength = 89;
    finding.confidence = Confidence::sure;
    finding.what = rule.target + " is not set for " + service.name + " (Caddy), and " +
                   place_of(rule) + " takes its value from it: nothing is put there.";
    finding.evidence = std::move(evidence);
    finding.fix = "set " + rule.target + " for " + service.name +
                  " (env of the service, or its env file), or give it a default ({$" + rule.target +
                  ":…}), then devstack restart " + service.name;
    findings.push_back(std::move(finding));
}

bool tell_no_upstream(const ProxyAnswer& it, std::vector<Finding>& findings) {
    if (it.dial.status < 500) return false;
    for (const ProxyRuleFact* rule : it.rules("variable")) {
        const bool is_upstream = rule->text.starts_with("reverse_proxy") ||
                                 rule->text.starts_with("to ") ||
                                 rule->text.starts_with("php_fastcgi");
        if (!is_upstream || it.well_behind() != nullptr) continue;
        std::vector<std::string> evidence{it.outcome()};
        const LineFact* const line = it.picture.find_line(it.proxy.name, [](const auto& text) {
            return contains(text, "no upstreams available") || contains(text, "dial tcp: lookup") ||
                   contains(text, "dial tcp: missing address");
        });
        if (line != nullptr) evidence.push_back(render_line(it.proxy.name, *line));
        tell_variable(*rule, it.proxy, std::move(evidence), findings);
        return true;
    }
    return false;
}

/// It does not come up.
void look_at_dead(const ServiceFact& service,
                  const Picture& picture,
                  std::vector<Finding>& findings) {
    if (picture.is_alive(service) || !service.has_exited || !service.is_wanted) return;
    for (const ProxyRuleFact& rule : picture.facts().proxy_rules) {
        const bool is_it = rule.service == service.name && rule.product == "Caddy" &&
                           rule.kind == "variable" && needs_value(rule);
        const LineFact* const line = picture.find_line(service.name, [&](const auto& text) {
            const std::string number = rule.where.substr(rule.where.rfind(':'));
            return contains(text, "Caddyfile" + number) || contains(text, "adapting config");
        });
        if (!is_it || line == nullptr) continue;
        return tell_variable(rule, service, {render_line(service.name, *line)}, findings);
    }
}

}  // namespace

void find_caddy_answers(const Picture& picture, std::vector<Finding>& findings) {
    for (const ProxyAnswer& it : find_proxy_answers(picture, "Caddy")) {
        if (it.dial.stage == "connect") continue;
        if (tell_host(it, findings)) continue;
        const bool is_bad = it.dial.is_unexpected || !it.dial.error.empty();
        if (!is_bad) continue;
        if (!tell_no_upstream(it, findings)) tell_answer(it, findings);
    }
    for (const ServiceFact& service : picture.facts().services)
        look_at_dead(service, picture, findings);
}

}  // namespace devstack::core::doctor
