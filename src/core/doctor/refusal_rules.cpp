// Peers that a log says refuse connections, and where nobody listens indeed. Those that variables
// and configurations name have rules of their own; these are in the code, or a default of a
// library.

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/service_url.hpp"

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <map>
#include <regex>

namespace devstack::core::doctor {

namespace {

struct Refusal {
    int port = 0;
    int count = 0;
    const LineFact* last = nullptr;
};

bool tells_refusal(const std::string& text) {
    return contains(text, "ECONNREFUSED") || contains_word(text, "connection refused") ||
           contains(text, "Errno 111") || contains(text, " refused. Check that the hostname");
}

/// Of this machine alone: of others it is not known who listens.
std::map<int, Refusal> find_refusals(const LogFact& log) {
    static const std::regex endpoint{
        R"((?:127\.0\.0\.1|localhost|\[?::1\]?|0\.0\.0\.0)(?::|"(?: \([^)]*\))?, port )(\d{2,5})\b)"};
    std::map<int, Refusal> found;
    for (const LineFact& line : log.lines) {
        std::smatch match;
        if (!tells_refusal(line.text) || !std::regex_search(line.text, match, endpoint)) continue;
        const int port = std::stoi(match[1].str());
        Refusal& refusal = found[port];
        refusal = {port, refusal.count + 1, &line};
    }
    return found;
}

/// The line is of a client of PostgreSQL, which listens elsewhere: on its port, or another one.
const ListenerFact* find_postgres(const std::string& line, const Picture& picture) {
    const bool is_client = contains(line, "PSQLException") || contains(line, "PG::") ||
                           contains(line, "connection to server at \"") || contains(line, "pq: ");
    if (!is_client) return nullptr;
    const ListenerFact* found = nullptr;
    for (const ListenerFact& it : picture.facts().listeners) {
        if (!base_of(it.command.substr(0, it.command.find(' '))).starts_with("postgres")) continue;
        if (found != nullptr && found->port != it.port) return nullptr;
        found = &it;
    }
    return found;
}

bool still_matters(const ServiceFact& service, const Refusal& refusal, const Picture& picture) {
    if (!picture.listeners_on(refusal.port).empty()) return false;
    const double age = seconds_between(refusal.last->time, picture.facts().time);
    constexpr double recent_seconds = 20;
    constexpr double asked_seconds = 120;
    if (picture.is_suspect(service)) return age <= asked_seconds;
    // What a service that is well goes on without; not a database, or a broker.
    return refusal.count >= 2 && age <= recent_seconds && !product_at(refusal.port).empty();
}

void tell(const ServiceFact& service,
          const Refusal& refusal,
          const Picture& picture,
          std::vector<Finding>& findings) {
    const std::string endpoint = render_endpoint("localhost", refusal.port);
    const std::string product = product_at(refusal.port);
    const ServiceFact* const owner = picture.owner_of(refusal.port);
    if (owner != nullptr && owner->name == service.name) return;
    const std::string port = std::to_string(refusal.port);
    const bool is_told = std::ranges::any_of(findings, [&](const Finding& it) {
        return it.service == service.name && contains(it.what, ":" + port);
    });
    if (is_told) return;
    Finding finding;
    finding.id = product.empty() ? "nothing-listens" : "server-not-running";
    finding.service = service.name;
    finding.topic = "endpoint " + endpoint;
    finding.strength = 76;
    finding.confidence = Confidence::sure;
    if (owner != nullptr) finding.blames = {owner->name};
    finding.what = (product.empty() ? "Nothing listens on " + endpoint
                                    : product + " is not running: nothing listens on " + endpoint) +
                   ", which " + service.name + " connects to" +
                   (refusal.count > 1 ? " again and again." : ".");
    finding.evidence = {render_line(service.name, *refusal.last)};
    if (const ListenerFact* real = find_postgres(refusal.last->text, picture)) {
        const std::string its_port = std::to_string(real->port);
        finding.what.pop_back();
        finding.what += "; PostgreSQL listens on port " + its_port + ".";
        finding.evidence.push_back("PostgreSQL is " + describe(*real));
        finding.fix = "write " + its_port + " for " + port + " where " + service.name +
                      " is told its database: no variable that is known here does";
        findings.push_back(std::move(finding));
        return;
    }
    finding.fix = "start " + (product.empty() ? "what should listen on port " + port : product) +
                  ", or tell " + service.name + " where it is: no variable that is known here does";
    findings.push_back(std::move(finding));
}

}  // namespace

void find_refused_peers(const Picture& picture, std::vector<Finding>& findings) {
    for (const LogFact& log : picture.facts().logs) {
        const ServiceFact* const service = picture.service(log.service);
        if (service == nullptr) continue;
        for (const auto& [port, refusal] : find_refusals(log)) {
            if (still_matters(*service, refusal, picture)) {
                tell(*service, refusal, picture, findings);
            }
        }
    }
}

}  // namespace devstack::core::doctor
