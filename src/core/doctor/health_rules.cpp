// Probes that ask the wrong question, certificates that nobody trusts.

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/nginx_config.hpp"

#include "core/doctor/redirects.hpp"
#include "core/doctor/tls_signs.hpp"

#include <algorithm>

namespace devstack::core::doctor {

namespace {

constexpr int not_found = 404;

bool is_http(const DialFact& dial) {
    return dial.protocol == "http" || dial.protocol == "https";
}

std::string profile_place(const ServiceFact& service) {
    return "health.url of " + service.name + declared_at(service);
}

/// Another path that is answered well; of several the one that is most about health.
const DialFact* find_better_path(const DialFact& probe, const Picture& picture) {
    const DialFact* root = nullptr;
    for (const DialFact& it : picture.facts().dials) {
        const bool is_good = it.purpose == "guess" && it.id.starts_with(probe.id + " at ") &&
                             it.status >= 200 && it.status < 300;
        if (!is_good) continue;
        if (it.path != "/") return &it;
        root = &it;
    }
    return root;
}

void look_at_path(const ServiceFact& service,
                  const DialFact& dial,
                  const Picture& picture,
                  std::vector<Finding>& findings) {
    if (dial.status != not_found || !dial.is_unexpected) return;
    const auto listeners = picture.listeners_on(dial.port);
    const bool is_foreign =
        !listeners.empty() && std::ranges::none_of(listeners, [&](const ListenerFact* it) {
            return it->service == service.name;
        });
    if (is_foreign) return;
    const DialFact* const better = find_better_path(dial, picture);
    Finding finding;
    finding.id = "health-path-not-found";
    finding.service = service.name;
    finding.topic = "probe";
    finding.strength = better != nullptr ? 82 : 50;
    finding.confidence = better != nullptr ? Confidence::sure : Confidence::probable;
    finding.what = "The health URL of " + service.name + " asks for the path " + dial.path +
                   ", which the service does not have (404)";
    if (better != nullptr) {
        finding.what += "; " + better->path + " answers " + std::to_string(better->status) +
                        ", so the service itself is fine.";
        finding.evidence.push_back(render_request(*better) + ": " + render_outcome(*better));
        finding.fix = "set " + profile_place(service) + " to " + dial.protocol + "://" +
                      render_endpoint(dial.host, dial.port) + better->path;
    } else {
        finding.what += ".";
        finding.fix = "correct the path in " + profile_place(service);
    }
    finding.evidence.insert(finding.evidence.begin(),
                            render_request(dial) + ": " + render_outcome(dial));
    findings.push_back(std::move(finding));
}

void look_at_scheme(const ServiceFact& service,
                    const DialFact& dial,
                    const Picture& picture,
                    std::vector<Finding>& findings) {
    const DialFact* const other = picture.dial("other scheme: " + dial.id);
    if (other == nullptr || other->status == 0) return;
    const bool wants_tls = other->protocol == "https";
    // An alert, or such an answer, comes from one that speaks TLS.
    if (!wants_tls && (has_tls_alert(dial) || doctor::wants_tls(*other))) return;
    Finding finding;
    finding.id = "health-wrong-scheme";
    finding.service = service.name;
    finding.topic = "probe";
    finding.strength = 86;
    finding.confidence = Confidence::sure;
    finding.what = "The health URL of " + service.name + " uses " + dial.protocol + ", but " +
                   render_endpoint(dial.host, dial.port) + " speaks " +
                   (wants_tls ? "https (TLS)." : "plain http: the TLS handshake fails.");
    finding.evidence = {render_request(dial) + ": " + render_outcome(dial),
                        render_request(*other) + ": " + render_outcome(*other)};
    finding.fix = "use " + other->protocol + ":// in " + profile_place(service) +
                  (wants_tls && !other->tls_problem.empty()
                       ? ", with ca = \"…\" or tls = \"insecure\", since its certificate is not "
                         "trusted here"
                       : "");
    findings.push_back(std::move(finding));
}

void look_at_redirects(const ServiceFact& service,
                       const DialFact& dial,
                       const Picture& picture,
                       std::vector<Finding>& findings) {
    if (dial.status < 300 || dial.status >= 400 || !dial.is_unexpected) return;
    const auto [way, last, is_loop, sets_cookie] = follow_redirects(dial, picture);
    Finding finding;
    finding.service = service.name;
    finding.topic = "probe";
    finding.confidence = Confidence::sure;
    finding.evidence = {render_request(dial) + ": status " + std::to_string(dial.status) +
                        ", location " + header_of(dial, "location")};
    if (is_loop) {
        finding.id = "redirect-loop";
        finding.strength = 85;
        finding.what = service.name + " redirects in a loop: " + join(way, " -> ") + ".";
        finding.fix = "correct the redirect at " + way[way.size() - 2] +
                      ", so that it leads to something that answers";
    } else {
        finding.id = "health-redirects";
        finding.strength = 80;
        finding.what = "The health URL of " + service.name + " is answered by a redirect (" +
                       std::to_string(dial.status) + ") to " + header_of(dial, "location") +
                       ", which is not followed.";
        finding.evidence.push_back(join(way, " -> ") + ": " + render_outcome(*last));
        finding.fix = "name the final address in " + profile_place(service) +
                      ", or allow the status: expect = \"200-399\"";
    }
    findings.push_back(std::move(finding));
}

/// Starlette's, webpack's, Rails' and Django's words for a host that is not on their list.
bool tell_host_by_words(const ServiceFact& service,
                        const DialFact& dial,
                        const Picture& picture,
                        std::vector<Finding>& findings) {
    const DialFact* const own = picture.dial("own host: " + dial.id);
    if (own != nullptr && own->status != 0 && own->status != dial.status) return false;
    const std::string host = host_of(dial);
    const bool is_refused =
        (dial.status == 400 || dial.status == 403) &&
        (contains_word(dial.body, "invalid host header") || contains(dial.body, "Blocked host") ||
         contains(dial.body, "Blocked request. This host") ||
         contains(dial.body, "DisallowedHost"));
    if (!is_refused) return false;
    const auto list = std::ranges::find_if(service.variables, [](const VariableFact& it) {
        return contains_word(it.name, "allowed_host") || contains_word(it.name, "trusted_host");
    });
    const std::string place =
        list == service.variables.end() ? "" : list->name + " (" + list->where + ")";
    Finding finding;
    finding.id = "host-refused";
    finding.service = service.name;
    finding.topic = "probe";
    finding.strength = 84;
    finding.confidence = Confidence::sure;
    finding.what = service.name + " refuses requests for the host " + host + " (status " +
                   std::to_string(dial.status) + "): it is not among its allowed hosts" +
                   (place.empty() ? "." : ", which " + place + " names.");
    finding.evidence = {render_request(dial) + ": " + render_outcome(dial)};
    finding.fix = "add " + host + " to " +
                  (!place.empty() ? place
                   : contains(dial.body, "allowedHosts")
                       ? "server.allowedHosts in vite.config.js of " + service.name
                       : "the allowed hosts of " + service.name) +
                  ", or let the request name a host that is (headers = { Host = \"…\" })";
    findings.push_back(std::move(finding));
    return true;
}

void look_at_host(const ServiceFact& service,
                  const DialFact& dial,
                  const Picture& picture,
                  std::vector<Finding>& findings) {
    if (tell_host_by_words(service, dial, picture, findings)) return;
    const DialFact* const own = picture.dial("own host: " + dial.id);
    if (own == nullptr || own->status == 0 || own->status == dial.status) return;
    const std::string host = host_of(dial);
    Finding finding;
    finding.id = "host-refused";
    finding.service = service.name;
    finding.topic = "probe";
    finding.strength = 84;
    finding.confidence = Confidence::sure;
    finding.what = "Requests for the host " + host + " are refused by " + service.name +
                   " or what is behind it (status " + std::to_string(dial.status) +
                   "), while the same request under the name " + dial.host + " is answered with " +
                   std::to_string(own->status) + ".";
    finding.evidence = {render_request(dial) + " with Host: " + host + ": " + render_outcome(dial)};
    finding.fix = contains(dial.body, "allowedHosts")
                      ? "add " + host + " to server.allowedHosts in vite.config.js"
                      : "add " + host +
                            " to the allowed hosts of the server (server_name, "
                            "allowedHosts, ALLOWED_HOSTS)";
    findings.push_back(std::move(finding));
}

/// It answers, and says that it is not well.
void look_at_answer(const ServiceFact& service,
                    const DialFact& dial,
                    const Picture& picture,
                    std::vector<Finding>& findings) {
    if (!dial.error.empty() || dial.status == 0 || !dial.is_unexpected) return;
    if (!picture.is_troubled(service)) return;
    Finding finding;
    finding.id = "probe-answered-badly";
    finding.service = service.name;
    finding.topic = "answer";
    finding.strength = 25;
    const bool is_status_wrong = dial.status < 200 || dial.status > 299;
    finding.what = service.name + " answers " + render_request(dial) + " with " +
                   render_outcome(dial) +
                   (is_status_wrong ? "; wanted is " + dial.expected + "."
                                    : ", without what the probe wants in it.");
    finding.fix = "see devstack logs " + service.name;
    constexpr int unauthorized = 401;
    if (dial.status == unauthorized) {
        finding.id = "health-wants-login";
        finding.strength = 62;
        finding.what = "The health URL of " + service.name +
                       " wants a log-in: " + render_request(dial) + " is answered with " +
                       render_outcome(dial) + ".";
        finding.fix = "take a URL that is public for health.url of " + service.name +
                      declared_at(service) + ", or give the probe what it needs by health.headers";
    }
    findings.push_back(std::move(finding));
}

std::string date_of(const DialFact& dial) {
    return dial.tls_until.empty() ? "" : " (valid until " + dial.tls_until + ")";
}

/// Of one with several faults: what the next one has to have, all of it.
std::string advise_on_several(const DialFact& dial) {
    const std::string& problem = dial.tls_problem;
    const bool is_late = contains(problem, "expired") || contains(problem, "not yet");
    const bool is_unknown = contains(problem, "self-signed") || contains(problem, "issuer");
    const bool is_others = contains(problem, "not for");
    if (static_cast<int>(is_late) + static_cast<int>(is_unknown) + static_cast<int>(is_others) <
        2) {
        return "";
    }
    std::vector<std::string> wanted;
    if (is_others) wanted.push_back("has the name " + dial.host);
    if (is_late) wanted.emplace_back("is valid now");
    if (is_unknown) wanted.emplace_back("comes from an authority that its clients trust");
    return "issue a new one that " + join_for_people(wanted) +
           (is_unknown ? "; a probe trusts what ca = \"FILE\" names" : "");
}

}  // namespace

void find_health_mistakes(const Picture& picture, std::vector<Finding>& findings) {
    const DialFact* const asked = picture.dial("asked");
    const ServiceFact* const server = asked == nullptr ? nullptr : picture.server_of(*asked);
    if (server != nullptr) tell_host_by_words(*server, *asked, picture, findings);
    for (const ServiceFact& service : picture.facts().services) {
        const DialFact* const dial = picture.probe(service);
        if (dial == nullptr || !is_http(*dial)) continue;
        look_at_path(service, *dial, picture, findings);
        look_at_scheme(service, *dial, picture, findings);
        look_at_redirects(service, *dial, picture, findings);
        look_at_host(service, *dial, picture, findings);
        look_at_answer(service, *dial, picture, findings);
    }
}

namespace {

/// By the probe of the same server, which its profile lets trust it, or skip the check.
bool is_accepted(const DialFact& asked, const Picture& picture) {
    return std::ranges::any_of(picture.facts().dials, [&](const DialFact& it) {
        return it.purpose == "probe" && it.protocol == "https" && it.port == asked.port &&
               it.error.empty();
    });
}

}  // namespace

void find_certificate_troubles(const Picture& picture, std::vector<Finding>& findings) {
    for (const DialFact& dial : picture.facts().dials) {
        const bool is_asked = dial.purpose == "probe" || dial.purpose == "asked";
        // What was accepted in spite of its certificate got further.
        const bool is_refused = dial.stage == "tls" && !dial.error.empty();
        if (!is_asked || dial.tls_problem.empty()) continue;
        if (!is_refused && (dial.purpose != "asked" || is_accepted(dial, picture))) continue;
        const std::string name = dial.purpose == "probe" ? dial.id.substr(9) : "";
        const std::string& problem = dial.tls_problem;
        Finding finding;
        finding.service = name;
        finding.topic = "certificate";
        // Of a URL that somebody asks about what is behind it counts more.
        finding.strength = is_refused ? 90 : 60;
        finding.confidence = Confidence::sure;
        const std::string at = render_endpoint(dial.host, dial.port);
        finding.id = contains(problem, "expired")       ? "certificate-expired"
                     : contains(problem, "not yet")     ? "certificate-not-yet-valid"
                     : contains(problem, "self-signed") ? "certificate-self-signed"
                     : contains(problem, "not for")     ? "certificate-wrong-name"
                                                        : "certificate-not-trusted";
        finding.what = "The certificate of " + (name.empty() ? at : name + " at " + at) +
                       " is refused by " + (name.empty() ? "clients" : "its probe") + ": " +
                       problem + date_of(dial) + ".";
        finding.evidence = {"subject " + dial.tls_subject,
                            "issuer " + dial.tls_issuer,
                            "names " + (dial.tls_names.empty() ? "none" : dial.tls_names)};
        if (finding.id == "certificate-expired") {
            finding.fix =
                contains(problem, "self-signed")
                    ? "make a new one, and let the probe trust it (ca = \"FILE\") or skip "
                      "the check (tls = \"insecure\")"
                    : "renew the certificate";
        } else if (finding.id == "certificate-not-yet-valid") {
            finding.fix = "set the clock right (date; timedatectl), or issue the certificate anew";
        } else if (contains(problem, "local issuer")) {
            finding.fix =
                "let the server send the whole chain (with the intermediate certificates), "
                "or let the probe trust its authority (ca = \"FILE\")";
        } else if (finding.id == "certificate-wrong-name") {
            finding.fix = "dial it by a name that it has, or issue one for " + dial.host;
        } else {
            finding.fix =
                "let the probe trust it (ca = \"FILE\"), skip the check (tls = "
                "\"insecure\"), or have it issued by an authority that is trusted";
        }
        if (!is_refused && contains(finding.fix, "probe")) {
            finding.fix =
                "let its clients trust it (curl --cacert FILE; -k skips the check), or "
                "have it issued by an authority that they trust";
        }
        const std::string whole = advise_on_several(dial);
        if (!whole.empty()) finding.fix = whole;
        findings.push_back(std::move(finding));
    }
}

}  // namespace devstack::core::doctor
