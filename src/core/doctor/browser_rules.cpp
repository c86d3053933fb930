// Answers that are well by themselves, and of which browsers make nothing: cookies that they
// refuse, requests that they may not send, redirects that only the servers among each other can
// follow.

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/browser_words.hpp"

#include "core/doctor/nginx_route.hpp"
#include "core/doctor/redirects.hpp"

#include <algorithm>
#include <cctype>

namespace devstack::core::doctor {

namespace {

Finding begin(const ServiceFact* server, const char* id, int strength) {
    Finding finding;
    finding.id = id;
    finding.service = server == nullptr ? "" : server->name;
    finding.topic = id;
    finding.strength = strength;
    finding.confidence = Confidence::sure;
    return finding;
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

// ---- Cookies -----------------------------------------------------------------------------------

struct Cookie {
    std::string name;
    std::string domain;     ///< Lower case, without a dot at its beginning.
    std::string same_site;  ///< Lower case.
    bool is_secure = false;
};

std::string trimmed(std::string text) {
    text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

/// RFC 6265, 5.2.
Cookie read_cookie(const std::string& header) {
    Cookie cookie;
    for (std::size_t at = 0; at <= header.size();) {
        const std::size_t end = std::min(header.find(';', at), header.size());
        const std::string part = header.substr(at, end - at);
        const auto equals = part.find('=');
        const std::string name = trimmed(part.substr(0, equals));
        const std::string value =
            equals == std::string::npos ? "" : lower(trimmed(part.substr(equals + 1)));
        if (at == 0) {
            cookie.name = name;
        } else if (lower(name) == "domain") {
            cookie.domain = value.starts_with('.') ? value.substr(1) : value;
        } else if (lower(name) == "samesite") {
            cookie.same_site = value;
        } else if (lower(name) == "secure") {
            cookie.is_secure = true;
        }
        at = end + 1;
    }
    return cookie;
}

std::string host_of(const DialFact& dial) {
    const auto sent = std::ranges::find_if(
        dial.sent, [](const HeaderFact& it) { return lower(it.name) == "host"; });
    const std::string host = sent == dial.sent.end() ? dial.host : sent->value;
    return lower(host.substr(0, host.find(':')));
}

/// Why a browser drops it (RFC 6265bis, 5.7); empty: it keeps it.
std::string why_refused(const Cookie& cookie, const DialFact& dial) {
    const std::string host = host_of(dial);
    const bool is_of_host =
        cookie.domain.empty() || host == cookie.domain || host.ends_with("." + cookie.domain);
    if (!is_of_host) return "is for Domain=" + cookie.domain + ", and not for " + host;
    if (cookie.same_site == "none" && !cookie.is_secure) {
        return "has SameSite=None without Secure";
    }
    if (cookie.is_secure && dial.protocol == "http" && !is_local(host)) {
        return "is Secure, and " + host + " is asked by plain http";
    }
    return "";
}

/// The variable that has the domain: "COOKIE_DOMAIN (.env:2)"; empty: none.
std::string source_of(const std::string& domain, const Picture& picture) {
    for (const ServiceFact& service : picture.facts().services) {
        for (const VariableFact& it : service.variables) {
            if (it.value == domain || it.value == "." + domain) {
                return it.name + " (" + it.where + ")";
            }
        }
    }
    return "";
}

/// Of all steps of the request.
std::vector<const DialFact*> steps_of(const DialFact& asked, const Picture& picture) {
    std::vector<const DialFact*> steps{&asked};
    for (const DialFact& it : picture.facts().dials) {
        if (it.purpose == "redirect" && it.id.ends_with(" " + asked.id)) steps.push_back(&it);
    }
    return steps;
}

void look_at_cookies(const DialFact& asked,
                     const Picture& picture,
                     std::vector<Finding>& findings) {
    const Redirects redirects = follow_redirects(asked, picture);
    for (const DialFact* step : steps_of(asked, picture)) {
        for (const HeaderFact& header : step->headers) {
            if (header.name != "set-cookie") continue;
            const Cookie cookie = read_cookie(header.value);
            const std::string why = why_refused(cookie, *step);
            // One that is taken away has been elsewhere, as a rule.
            const std::string whole = lower(header.value);
            const bool is_removed = contains(whole, "max-age=0") || contains(whole, " 1970 ");
            if (why.empty() || is_removed) continue;
            const std::string source =
                cookie.domain.empty() ? "" : source_of(cookie.domain, picture);
            Finding finding = begin(server_behind(asked, picture), "cookie-refused", 86);
            finding.what =
                "Browsers drop the cookie " + cookie.name + " that " + step->path + " sets: it " +
                why + (source.empty() ? "" : ", by " + source) +
                (redirects.is_loop ? "; so the way goes in a circle: " + join(redirects.way, " -> ")
                                   : "") +
                ".";
            finding.evidence = {render_request(*step) + ": status " + std::to_string(step->status) +
                                ", set-cookie " + header.value};
            if (!redirects.is_loop) {
                finding.strength = 60;
                finding.confidence = Confidence::probable;
            }
            const bool is_domain = why.starts_with("is for ");
            finding.fix = is_domain ? (source.empty() ? "set the cookie without Domain"
                                                      : "leave " + source + " empty here") +
                                          std::string{", or ask by a name of "} + cookie.domain
                          : cookie.is_secure
                              ? "ask by https, or set it without Secure here"
                              : "set it with SameSite=Lax, or with Secure (https, or localhost)";
            findings.push_back(std::move(finding));
            return;
        }
    }
}

// ---- CORS --------------------------------------------------------------------------------------

/// Browsers ask by OPTIONS first, without a log-in.
void look_at_preflight(const DialFact& asked,
                       const Picture& picture,
                       std::vector<Finding>& findings) {
    const DialFact* const preflight = picture.dial("preflight of asked");
    if (preflight == nullptr || preflight->status == 0) return;
    const std::string wanted = preflight_headers(asked);
    const std::string allowed = lower(header_of(*preflight, "access-control-allow-headers"));
    const std::string origin = header_of(*preflight, "access-control-allow-origin");
    const bool is_bad = preflight->status < 200 || preflight->status > 299;
    std::string missing;
    for (std::size_t at = 0; at < wanted.size();) {
        const std::size_t end = std::min(wanted.find(',', at), wanted.size());
        const std::string name = wanted.substr(at, end - at);
        const bool is_there =
            contains(allowed, name) || (allowed == "*" && name != "authorization");
        if (!is_there && missing.empty()) missing = name;
        at = end + 1;
    }
    if (!is_bad && missing.empty() && !origin.empty()) return;
    const ServiceFact* const server = server_behind(asked, picture);
    const std::string name =
        server == nullptr ? render_endpoint(asked.host, asked.port) : server->name;
    Finding finding = begin(server, "cors-preflight-refused", 82);
    finding.topic = "cors";
    finding.what = "Before a page may send " + wanted + ", browsers ask OPTIONS " + asked.path +
                   " (CORS), and " + name + " answers that " +
                   (is_bad           ? "with status " + std::to_string(preflight->status)
                    : origin.empty() ? "without Access-Control-Allow-Origin"
                                     : "without " + missing + " in Access-Control-Allow-Headers") +
                   ": the request itself is never sent.";
    finding.evidence = {"OPTIONS with Origin and Access-Control-Request-Headers: " + wanted +
                        ": status " + std::to_string(preflight->status) +
                        ", Access-Control-Allow-Origin: " + (origin.empty() ? "none" : origin) +
                        ", Access-Control-Allow-Headers: " + (allowed.empty() ? "none" : allowed)};
    finding.fix = is_bad ? "let " + name +
                               " answer OPTIONS before it asks for a log-in (put CORS before the "
                               "check), with 204 and the Access-Control-Allow headers"
                         : "let " + name + " allow it: Access-Control-Allow-Headers: " + wanted;
    findings.push_back(std::move(finding));
}

/// A list of pages that may ask: of WebSockets, of forms.
void look_at_refused_origin(const DialFact& asked,
                            const Picture& picture,
                            std::vector<Finding>& findings) {
    const DialFact* const without = picture.dial("without origin: asked");
    constexpr int forbidden = 403;
    const bool is_let_in = without != nullptr && without->error.empty() && without->status != 0 &&
                           without->status != forbidden;
    const auto origin = std::ranges::find_if(
        asked.sent, [](const HeaderFact& it) { return lower(it.name) == "origin"; });
    const ServiceFact* const server = server_behind(asked, picture);
    if (asked.status != forbidden || origin == asked.sent.end() || server == nullptr) return;
    const auto list = std::ranges::find_if(server->variables, [&](const VariableFact& it) {
        const bool is_list = contains(it.name, "ORIGIN") || contains(it.name, "CORS");
        return is_list && !it.value.empty() && it.value != "*" &&
               !contains(it.value, origin->value);
    });
    const bool is_listed = list != server->variables.end();
    if (!is_let_in && !is_listed) return;
    Finding finding = begin(server, "origin-refused", is_let_in ? 84 : 66);
    if (!is_let_in) finding.confidence = Confidence::probable;
    finding.what =
        server->name + " refuses requests of pages of " + origin->value + " (403)" +
        (is_listed ? ": " + list->name + " (" + list->where + ") allows " + list->value : "") +
        (is_let_in ? "; without an Origin the same is answered with " +
                         std::to_string(without->status) + "."
                   : ".");
    finding.evidence = {render_request(asked) + " with Origin: " + origin->value + ": status 403"};
    finding.fix = is_listed
                      ? "add " + origin->value + " to " + list->name + " in " + list->where +
                            ", then devstack restart " + server->name
                      : "add " + origin->value + " to the origins that " + server->name + " allows";
    findings.push_back(std::move(finding));
}

/// Fetch Standard, 4.10: with credentials the star is no answer.
void look_at_star(const DialFact& asked, const Picture& picture, std::vector<Finding>& findings) {
    const auto sends = [&](std::string_view name) {
        return std::ranges::any_of(asked.sent,
                                   [&](const HeaderFact& it) { return lower(it.name) == name; });
    };
    const bool is_star = header_of(asked, "access-control-allow-origin") == "*";
    if (!is_star || !sends("origin") || !sends("cookie")) return;
    const ServiceFact* const server = server_behind(asked, picture);
    const std::string name =
        server == nullptr ? render_endpoint(asked.host, asked.port) : server->name;
    const auto origin = std::ranges::find_if(
        asked.sent, [](const HeaderFact& it) { return lower(it.name) == "origin"; });
    Finding finding = begin(server, "cors-star-with-cookies", 80);
    finding.topic = "cors";
    finding.what = name +
                   " answers a request with cookies by Access-Control-Allow-Origin: * (CORS): "
                   "browsers refuse such an answer to pages that ask with credentials, whatever "
                   "Access-Control-Allow-Credentials says.";
    finding.evidence = {render_request(asked) + " with Origin and Cookie: status " +
                        std::to_string(asked.status) + ", Access-Control-Allow-Credentials: " +
                        (header_of(asked, "access-control-allow-credentials").empty()
                             ? "none"
                             : header_of(asked, "access-control-allow-credentials"))};
    finding.fix = "let " + name +
                  " name the origin: Access-Control-Allow-Origin: " + origin->value +
                  ", with Access-Control-Allow-Credentials: true";
    if (server != nullptr) {
        for (const VariableFact& it : server->variables) {
            const bool is_it =
                it.value == "*" && (contains(it.name, "CORS") || contains(it.name, "ORIGIN"));
            if (is_it) {
                finding.fix = "set " + it.name + "=" + origin->value + " in " + it.where +
                              ", then devstack restart " + server->name;
            }
        }
    }
    findings.push_back(std::move(finding));
}

// ---- Redirects ---------------------------------------------------------------------------------

std::string host_of_url(const std::string& url) {
    const auto at = url.find("://");
    if (at == url.npos) return "";
    const std::string rest = url.substr(at + 3);
    return rest.substr(0, rest.find_first_of("/:?#"));
}

/// nginx sends the name of an upstream block as Host, if nobody tells it otherwise.
void look_at_upstream_name(const DialFact& asked,
                           const Picture& picture,
                           std::vector<Finding>& findings) {
    const std::string location = header_of(asked, "location");
    const std::string host = host_of_url(location);
    const Route route = find_route(picture, asked);
    if (host.empty() || host == host_of(asked) || route.location == nullptr) return;
    const auto upstream = std::ranges::find(route.nginx->upstreams, host, &NginxUpstreamFact::name);
    if (upstream == route.nginx->upstreams.end()) return;
    Finding finding = begin(picture.service(route.nginx->service), "redirect-names-upstream", 88);
    finding.what = "GET " + asked.path + " is redirected to " + location + ": " + host +
                   " is the name of an upstream of nginx (" + upstream->where +
                   "), which nginx sends as Host and no browser knows, in " + place_of(route) + ".";
    finding.evidence = {render_request(asked) + ": status " + std::to_string(asked.status) +
                        ", location " + location};
    finding.fix =
        "proxy_set_header Host $http_host; in " + place_of(route) + ", then nginx -t and reload";
    findings.push_back(std::move(finding));
}

/// It does not know that it is below a prefix.
void look_at_prefix(const DialFact& asked, const Picture& picture, std::vector<Finding>& findings) {
    const DialFact* const next = picture.dial("redirect 1 of asked");
    const DialFact* const below = picture.dial("with prefix: asked");
    const bool is_there =
        below != nullptr && below->error.empty() && below->status >= 200 && below->status < 400;
    if (!is_there || next == nullptr || next->status < 400) return;
    const ServiceFact* const server = server_behind(asked, picture);
    const std::string name =
        server == nullptr ? render_endpoint(asked.host, asked.port) : server->name;
    const std::string prefix = first_part(asked.path);
    const Route route = find_route(picture, asked);
    const std::string place = route.location == nullptr ? "" : ", in " + place_of(route);
    Finding finding = begin(server, "redirect-loses-prefix", 86);
    finding.what = name + " redirects " + asked.path + " to " + next->path + ", without " + prefix +
                   ", below which it is reached" + place + ": that is answered with " +
                   std::to_string(next->status) + ", and " + below->path + " with " +
                   std::to_string(below->status) + ".";
    finding.evidence = {render_request(asked) + ": status " + std::to_string(asked.status) +
                            ", location " + header_of(asked, "location"),
                        render_request(*below) + ": status " + std::to_string(below->status)};
    finding.fix = "tell " + name + " its prefix (SCRIPT_NAME=" + prefix +
                  ", X-Forwarded-Prefix, "
                  "root_path, basePath, as its framework calls it)" +
                  (route.location == nullptr
                       ? ""
                       : "; or proxy_redirect / " + prefix + "/; in " + place_of(route));
    findings.push_back(std::move(finding));
}

/// The page is there, and what it is made of is asked for at the root.
void look_at_parts(const DialFact& asked, const Picture& picture, std::vector<Finding>& findings) {
    const std::string prefix = first_part(asked.path);
    for (const std::string& part : parts_of_page(asked.body, prefix)) {
        const DialFact* const root = picture.dial("part of page: " + part);
        const DialFact* const below = picture.dial("part of page: " + prefix + part);
        const bool is_lost = root != nullptr && below != nullptr && root->status >= 400 &&
                             below->status >= 200 && below->status < 300;
        if (!is_lost) continue;
        const ServiceFact* const server = server_behind(asked, picture);
        const std::string name =
            server == nullptr ? render_endpoint(asked.host, asked.port) : server->name;
        const Route route = find_route(picture, asked);
        const std::string place = route.location == nullptr ? "" : ", in " + place_of(route);
        Finding finding = begin(server, "page-loses-prefix", 84);
        finding.what = "The page " + asked.path + " of " + name + " loads " + part + ", without " +
                       prefix + ", below which " + name + " is reached" + place +
                       ": that is answered with " + std::to_string(root->status) + ", and " +
                       below->path + " with " + std::to_string(below->status) + ".";
        finding.evidence = {render_request(*root) + ": status " + std::to_string(root->status),
                            render_request(*below) + ": status " + std::to_string(below->status)};
        finding.fix = "tell " + name + " its prefix " + prefix +
                      " (root_path of FastAPI, SCRIPT_NAME, base of Vite, basePath of Next.js, "
                      "server.servlet.context-path, as its framework calls it)";
        findings.push_back(std::move(finding));
        return;
    }
}

}  // namespace

void find_what_browsers_refuse(const Picture& picture, std::vector<Finding>& findings) {
    const DialFact* const asked = picture.dial("asked");
    if (asked == nullptr || asked->status == 0) return;
    look_at_cookies(*asked, picture, findings);
    look_at_preflight(*asked, picture, findings);
    look_at_refused_origin(*asked, picture, findings);
    look_at_star(*asked, picture, findings);
    look_at_upstream_name(*asked, picture, findings);
    look_at_prefix(*asked, picture, findings);
    look_at_parts(*asked, picture, findings);
}

}  // namespace devstack::core::doctor
