// Redirects that lead nowhere, since what stands behind a proxy does not know that it does.

#include "devstack/base/text.hpp"

#include "core/doctor/nginx_route.hpp"
#include "core/doctor/redirects.hpp"

#include <algorithm>

namespace devstack::core::doctor {

namespace {

bool is_redirect(const DialFact& dial) {
    return dial.status >= 300 && dial.status < 400 && !header_of(dial, "location").empty();
}

std::string url_of(const DialFact& dial) {
    return dial.protocol + "://" + render_endpoint(dial.host, dial.port) + dial.path;
}

/// What is wrong with where it leads; empty: nothing.
std::string find_dead_end(const DialFact& dial, const Picture& picture) {
    const DialFact* const next = picture.dial("redirect 1 of " + dial.id);
    if (next == nullptr || next->protocol != "https") return "";
    const bool is_same = url_of(*next) == url_of(dial);
    if (is_same && is_redirect(*next)) return ", that is to itself, again and again";
    const bool is_plain = next->stage == "tls" && contains(next->error, "wrong version number");
    if (is_plain) {
        return ", and " + render_endpoint(next->host, next->port) + " speaks plain http, no TLS";
    }
    return "";
}

/// The server behind nginx redirects to https what has come by https, since nobody tells it.
void look_at_scheme(const DialFact& dial, const Picture& picture, std::vector<Finding>& findings) {
    const DialFact* const behind = picture.behind_nginx(dial);
    const DialFact* const told = picture.dial("past nginx, as https: " + dial.id);
    const Route route = find_route(picture, dial);
    if (behind == nullptr || route.location == nullptr || !is_redirect(dial)) return;
    const std::string dead_end = find_dead_end(dial, picture);
    const bool is_of_server =
        is_redirect(*behind) && header_of(*behind, "location").starts_with("https://");
    if (dead_end.empty() || !is_of_server) return;
    // With the header it gives another answer: then this is it.
    const bool is_proven = told != nullptr && told->status != 0 && !is_redirect(*told);
    const bool is_passed =
        !setting_of(*route.location, "proxy_set_header X-Forwarded-Proto").empty();
    if (!is_proven) return;
    const ServiceFact* const owner = picture.owner_of(behind->port);
    const std::string who = owner == nullptr || owner->name == route.nginx->service
                                ? render_endpoint(behind->host, behind->port)
                                : owner->name;
    const bool is_plain = dial.protocol == "http";
    Finding finding;
    finding.id = "redirect-loop";
    finding.service = route.nginx->service;
    finding.topic = dial.purpose == "probe" ? "probe" : "redirect";
    finding.strength = 89;
    finding.confidence = Confidence::sure;
    finding.what = who + " redirects " + dial.path + " to " + header_of(dial, "location") +
                   dead_end + ": it takes the request for plain http, since nginx " +
                   (is_passed ? "sends it the wrong X-Forwarded-Proto"
                              : "does not tell it X-Forwarded-Proto") +
                   ", in " + place_of(route) + ".";
    finding.evidence = {render_request(dial) + ": status " + std::to_string(dial.status) +
                            ", location " + header_of(dial, "location"),
                        render_request(*told) + " with X-Forwarded-Proto: https: status " +
                            std::to_string(told->status)};
    finding.fix = std::string{"proxy_set_header X-Forwarded-Proto "} +
                  (is_plain ? "https" : "$scheme") + "; in " + place_of(route) +
                  ", then nginx -t and reload";
    if (is_plain) {
        finding.fix =
            "ask nginx by https (listen … ssl) with proxy_set_header X-Forwarded-Proto "
            "$scheme; in " +
            place_of(route) + ", or turn the redirect to https off in " + who;
    }
    findings.push_back(std::move(finding));
}

/// What browsers call ERR_TOO_MANY_REDIRECTS.
void look_at_loop(const DialFact& dial, const Picture& picture, std::vector<Finding>& findings) {
    const Redirects redirects = follow_redirects(dial, picture);
    // What is behind nginx may do it for want of a header, which is told elsewhere.
    const bool is_of_other = picture.behind_nginx(dial) != nullptr;
    if (dial.purpose != "asked" || !redirects.is_loop || redirects.sets_cookie || is_of_other) {
        return;
    }
    const ServiceFact* const server = picture.owner_of(dial.port);
    const std::string& turn = redirects.way[redirects.way.size() - 2];
    Finding finding;
    finding.id = "redirect-loop";
    finding.service = server == nullptr ? "" : server->name;
    finding.topic = "redirect";
    finding.strength = 85;
    finding.confidence = Confidence::sure;
    finding.what = (server == nullptr ? render_endpoint(dial.host, dial.port) : server->name) +
                   " redirects in a loop: " + join(redirects.way, " -> ") +
                   "; browsers give up (too many redirects).";
    finding.evidence = {render_request(dial) + ": status " + std::to_string(dial.status) +
                        ", location " + header_of(dial, "location")};
    finding.fix = "let " + turn +
                  " answer itself to who is not logged in, or correct where it "
                  "leads (a middleware or rule that takes in all paths)";
    findings.push_back(std::move(finding));
}

/// It leads to a port of this machine where nobody is.
void look_at_target(const DialFact& dial, const Picture& picture, std::vector<Finding>& findings) {
    const DialFact* const next = picture.dial("redirect 1 of " + dial.id);
    const bool is_dead = next != nullptr && is_local(next->host) && next->stage == "connect" &&
                         next->error == "connection refused";
    if (!is_dead || !is_redirect(dial)) return;
    const ServiceFact* const server = picture.owner_of(dial.port);
    const std::string at = render_endpoint(next->host, next->port);
    Finding finding;
    finding.id = "redirect-dead-end";
    finding.service = server == nullptr ? "" : server->name;
    finding.topic = dial.purpose == "probe" ? "probe" : "redirect";
    finding.strength = 86;
    finding.confidence = Confidence::sure;
    finding.what = (server == nullptr ? render_endpoint(dial.host, dial.port) : server->name) +
                   " redirects " + dial.path + " to " + header_of(dial, "location") +
                   ", and nothing listens on " + at + ".";
    finding.evidence = {render_request(dial) + ": status " + std::to_string(dial.status) +
                            ", location " + header_of(dial, "location"),
                        "connect to " + at + ": " + next->error};
    const Route route = find_route(picture, dial);
    const bool is_own = route.location != nullptr && !setting_of(*route.location, "return").empty();
    finding.fix = "correct where it leads" + (is_own ? ", in " + place_of(route) : "") +
                  ", or start what should listen on " + at;
    const ServiceFact* const owner = picture.owner_of(next->port);
    if (owner != nullptr && owner != server) finding.blames = {owner->name};
    findings.push_back(std::move(finding));
}

}  // namespace

Redirects follow_redirects(const DialFact& dial, const Picture& picture) {
    Redirects redirects{{dial.path}, &dial, false, !header_of(dial, "set-cookie").empty()};
    for (const DialFact& it : picture.facts().dials) {
        if (it.purpose != "redirect" || !it.id.ends_with(" " + dial.id)) continue;
        const bool is_same_host =
            it.host == dial.host && it.port == dial.port && it.protocol == dial.protocol;
        const std::string place =
            is_same_host ? it.path
                         : it.protocol + "://" + render_endpoint(it.host, it.port) + it.path;
        redirects.is_loop =
            redirects.is_loop || std::ranges::find(redirects.way, place) != redirects.way.end();
        redirects.way.push_back(place);
        redirects.last = &it;
        redirects.sets_cookie = redirects.sets_cookie || !header_of(it, "set-cookie").empty();
    }
    return redirects;
}

void find_redirects(const Picture& picture, std::vector<Finding>& findings) {
    for (const DialFact& dial : picture.facts().dials) {
        if (dial.purpose == "probe" || dial.purpose == "asked") {
            look_at_scheme(dial, picture, findings);
            look_at_target(dial, picture, findings);
            look_at_loop(dial, picture, findings);
        }
    }
}

}  // namespace devstack::core::doctor
