// Peers that a log says refuse connections, and where nobody listens indeed. Those that variables
// and configurations name have rules of their own; these are in the code, or a default of a
// library.

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/logged_ports.hpp"
#include "devstack/core/doctor/service_url.hpp"

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <charconv>

namespace devstack::core::doctor {

namespace {

/// What the client wanted, or else who usually listens there.
std::string product_wanted(int port, const Refusal& refusal) {
    return refusal.scheme.empty() ? product_at(port) : product_of(refusal.scheme);
}

/// Where what the client wanted is in fact; null: unknown.
const ListenerFact* find_real(const Refusal& refusal, const Picture& picture) {
    return is_database(refusal.scheme) ? find_product(refusal.scheme, picture) : nullptr;
}

bool still_matters(const ServiceFact& service,
                   int port,
                   const Refusal& refusal,
                   const Picture& picture) {
    if (!picture.listeners_on(port).empty()) return false;
    const double age = picture.seconds_since(refusal.last->time);
    constexpr double recent_seconds = 20;
    constexpr double asked_seconds = 120;
    // Of a request that hangs, what it has made the service say; that may only be slow.
    const DialFact* const asked = picture.dial("asked");
    const bool is_silent = asked != nullptr && asked->error == "no answer";
    const bool is_since = seconds_between(picture.facts().time, refusal.last->time) >= 0;
    if (picture.is_suspect(service) && (!picture.is_well(service) || !is_silent || is_since)) {
        return age <= asked_seconds;
    }
    // The request that somebody asks about is answered, or is slow for something else.
    constexpr int server_error = 500;
    if (asked != nullptr && (is_silent || (asked->status != 0 && asked->status < server_error))) {
        return false;
    }
    if (age > recent_seconds) return false;
    // What a service that is well goes on without; not a database, or a broker.
    const bool is_missed = refusal.count >= 2 && !product_wanted(port, refusal).empty();
    return is_missed || find_real(refusal, picture) != nullptr;
}

std::string how_to_mend(const ServiceFact& service,
                        int port,
                        const std::string& what,
                        const ListenerFact* real,
                        const Picture& picture) {
    const std::string places = places_of_port(service.name, port, picture);
    if (real != nullptr && !places.empty()) {
        return "change the port to " + std::to_string(real->port) + " in " + places;
    }
    return "start " + what + ", or tell " + service.name + " where it is" +
           (places.empty() ? ": no variable that is known here does"
                           : ": the port stands in " + places);
}

void tell(const ServiceFact& service,
          int port,
          const Refusal& refusal,
          const Picture& picture,
          std::vector<Finding>& findings) {
    const std::string endpoint = render_endpoint("localhost", port);
    const std::string product = product_wanted(port, refusal);
    const ServiceFact* const owner = picture.owner_of(port);
    if (owner != nullptr && owner->name == service.name) return;
    const std::string number = std::to_string(port);
    const bool is_told = std::ranges::any_of(findings, [&](const Finding& it) {
        return it.service == service.name && contains(it.what, ":" + number);
    });
    if (is_told) return;
    const ListenerFact* const real = find_real(refusal, picture);
    Finding finding;
    finding.id = product.empty() || real != nullptr ? "nothing-listens" : "server-not-running";
    finding.service = service.name;
    finding.topic = "endpoint " + endpoint;
    finding.strength = 76;
    finding.confidence = Confidence::sure;
    if (owner != nullptr) finding.blames = {owner->name};
    finding.what = (finding.id == "nothing-listens"
                        ? "Nothing listens on " + endpoint
                        : product + " is not running: nothing listens on " + endpoint) +
                   ", which " + service.name + " connects to" +
                   (refusal.count > 1 ? " again and again" : "");
    if (real != nullptr) {
        finding.what += "; " + product + " listens on port " + std::to_string(real->port);
        finding.evidence = {product + " is " + describe(*real)};
    }
    finding.what += ".";
    finding.evidence.push_back(render_line(service.name, *refusal.last));
    const std::string what = product.empty() ? "what should listen on port " + number : product;
    finding.fix = how_to_mend(service, port, what, real, picture);
    findings.push_back(std::move(finding));
}

/// Another service of this project that takes longer than its client waits.
void tell_given_up(const ServiceFact& service,
                   const LineFact& line,
                   const Picture& picture,
                   std::vector<Finding>& findings) {
    const GivenUp given_up = find_given_up(line.text);
    const ServiceFact* const owner = given_up.port == 0 ? nullptr : picture.owner_of(given_up.port);
    if (owner == nullptr || owner->name == service.name) return;
    Finding finding;
    finding.id = "client-gives-up";
    finding.service = service.name;
    finding.topic = "endpoint " + render_endpoint("localhost", given_up.port);
    finding.strength = 58;
    finding.blames = {owner->name};
    finding.what = service.name + " gives up a request to " + owner->name + ", " + given_up.url +
                   ": it waits for a shorter time than " + owner->name + " takes to answer.";
    finding.evidence = {render_line(service.name, line)};
    finding.fix = "raise the timeout of " + service.name + "'s client, or see what takes " +
                  owner->name + " so long: devstack doctor " + given_up.url + " --wait";
    findings.push_back(std::move(finding));
}

/// Says how long the service waits for others, as far as its name and value tell: "500" of
/// PROXY_TIMEOUT_MS for 0.5 s.
bool is_time_limit(const VariableFact& variable, double seconds) {
    double value = 0;
    const char* const end = variable.value.data() + variable.value.size();
    const auto read = std::from_chars(variable.value.data(), end, value);
    if (!contains_word(variable.name, "timeout") || read.ec != std::errc{}) return false;
    const auto fits = [&](double limit) {
        return limit > 0 && seconds >= limit * 0.9 && seconds <= limit * 1.5 + 0.2;
    };
    return fits(value) || fits(value / 1000);
}

/// The request that is asked about fails after the time that its service gives another one.
void look_for_nameless(const ServiceFact& service,
                       const Picture& picture,
                       std::vector<Finding>& findings) {
    const DialFact* const asked = picture.dial("asked");
    constexpr int server_error = 500;
    constexpr double wait_min = 0.2;
    if (asked == nullptr || asked->status < server_error || asked->seconds < wait_min) return;
    const LineFact* const line = picture.find_line(service.name, tells_timeout);
    if (line == nullptr || seconds_between(picture.facts().time, line->time) < 0) return;
    const auto limit = std::ranges::find_if(service.variables, [&](const VariableFact& it) {
        return is_time_limit(it, asked->seconds);
    });
    const bool is_known = limit != service.variables.end();
    std::vector<std::string> peers;
    for (const ReferenceFact* it : picture.references_of(service.name)) {
        const ServiceFact* const owner = is_local(it->host) ? picture.owner_of(it->port) : nullptr;
        const bool is_web = it->scheme == "http" || it->scheme == "https";
        if (is_web && owner != nullptr && owner->name != service.name) {
            peers.push_back(owner->name + ", by " + render_reference(*it));
        }
    }
    Finding finding;
    finding.id = "client-gives-up";
    finding.service = service.name;
    finding.topic = "endpoint of a request";
    finding.strength = 58;
    finding.what =
        service.name + " gives up a request of its own after " + seconds_text(asked->seconds) +
        (is_known ? ", as " + limit->name + "=" + limit->value + " (" + limit->where + ") tells it"
                  : "") +
        ": what it asks takes longer.";
    if (peers.size() == 1) finding.what.replace(finding.what.size() - 1, 1, " (" + peers[0] + ").");
    finding.evidence = {render_line(service.name, *line)};
    finding.fix = (is_known ? "raise " + limit->name + " in " + limit->where
                            : "raise the timeout of " + service.name + "'s client") +
                  ", or see what takes " + (peers.size() == 1 ? "the other one" : "it") +
                  " so long";
    findings.push_back(std::move(finding));
}

/// The last one, of a service that is suspected.
void look_for_given_up(const ServiceFact& service,
                       const Picture& picture,
                       std::vector<Finding>& findings) {
    constexpr double recent_seconds = 60;
    if (!picture.is_suspect(service)) return;
    const LineFact* const line = picture.find_line(
        service.name, [](const std::string& it) { return find_given_up(it).port != 0; });
    if (line == nullptr) return look_for_nameless(service, picture, findings);
    if (picture.seconds_since(line->time) > recent_seconds) return;
    tell_given_up(service, *line, picture, findings);
}

}  // namespace

void find_refused_peers(const Picture& picture, std::vector<Finding>& findings) {
    for (const LogFact& log : picture.facts().logs) {
        const ServiceFact* const service = picture.service(log.service);
        if (service == nullptr) continue;
        look_for_given_up(*service, picture, findings);
        for (const auto& [port, refusal] : find_refusals(log)) {
            if (still_matters(*service, port, refusal, picture)) {
                tell(*service, port, refusal, picture, findings);
            }
        }
    }
}

}  // namespace devstack::core::doctor
