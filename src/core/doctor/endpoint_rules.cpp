// Endpoints of a service that fails at a request: hosts whose names stand in its configuration
// files, certificates of those that its variables name.

#include "devstack/core/doctor/unresolved_host.hpp"

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <regex>

namespace devstack::core::doctor {

namespace {

bool is_asked_in_vain(const Picture& picture) {
    const DialFact* const asked = picture.dial("asked");
    return asked != nullptr && (asked->status >= 500 || !asked->error.empty());
}

// ---- Names -------------------------------------------------------------------------------------

/// "config/staging.json" is chosen by APP_ENV=staging, as a rule.
const VariableFact* find_choice(const ServiceFact& service, const std::string& place) {
    const std::string file = base_of(place.substr(0, place.rfind(':')));
    const auto found = std::ranges::find_if(service.variables, [&](const VariableFact& it) {
        constexpr std::size_t length_min = 3;
        const bool is_plain =
            std::ranges::all_of(it.value, [](unsigned char c) { return std::isalnum(c) != 0; });
        if (it.value.size() < length_min || !is_plain || !contains_word(it.name, "env")) {
            return false;
        }
        return std::regex_search(file, std::regex{"(^|[._-])" + it.value + "([._-]|$)"});
    });
    return found == service.variables.end() ? nullptr : &*found;
}

void look_at_names(const ServiceFact& service,
                   const Picture& picture,
                   std::vector<Finding>& findings) {
    const LineFact* const line = picture.find_line(
        service.name, [](const std::string& it) { return !find_unresolved_host(it).empty(); });
    if (line == nullptr || seconds_between(picture.facts().time, line->time) < -1) return;
    const std::string host = find_unresolved_host(line->text);
    // What a variable names is told by that.
    const bool is_known = std::ranges::any_of(
        picture.facts().references, [&](const ReferenceFact& it) { return it.host == host; });
    if (is_known) return;
    const std::string places = places_of_file(service.name, host, picture);
    const VariableFact* const choice =
        places.empty() ? nullptr : find_choice(service, places.substr(0, places.find(' ')));
    Finding finding;
    finding.id = "host-does-not-resolve";
    finding.service = service.name;
    finding.topic = "host " + host;
    finding.strength = 77;
    finding.what = service.name + " is to reach " + host +
                   ", which does not resolve on this machine" +
                   (places.empty() ? "" : ": " + places + " names it") +
                   (choice == nullptr ? ""
                                      : ", which " + choice->name + "=" + choice->value + " (" +
                                            choice->where + ") chooses") +
                   ".";
    finding.evidence = {render_line(service.name, *line)};
    finding.fix = "correct the host" + (places.empty() ? "" : " in " + places);
    if (choice != nullptr) {
        finding.fix += ", or name the file of this machine: " + choice->name + " in " +
                       choice->where + ", then devstack restart " + service.name;
    }
    findings.push_back(std::move(finding));
}

// ---- Certificates ------------------------------------------------------------------------------

/// Whoever trusts whom: one that is out of date is refused by all that look at it.
void look_at_certificate(const ReferenceFact& reference,
                         const Picture& picture,
                         std::vector<Finding>& findings) {
    const DialFact* const dial = picture.dial("certificate of " + reference.dial);
    const ServiceFact* const service = picture.service(reference.service);
    if (dial == nullptr || service == nullptr || !picture.is_suspect(*service)) return;
    const bool is_old = contains(dial->tls_problem, "expired");
    if (!is_old && !contains(dial->tls_problem, "not yet valid")) return;
    const ServiceFact* const owner = picture.owner_of(reference.port);
    const std::string at = render_endpoint(reference.host, reference.port);
    Finding finding;
    finding.id = is_old ? "certificate-expired" : "certificate-not-yet-valid";
    finding.service = service->name;
    finding.topic = "certificate of " + at;
    finding.strength = 78;
    finding.what =
        "The certificate of " + (owner == nullptr ? at : owner->name + " at " + at) + ", where " +
        render_reference(reference) + " sends " + service->name +
        (is_old ? ", has expired" : ", is not valid yet") +
        (is_old && !dial->tls_until.empty() ? " (valid until " + dial->tls_until + ")" : "") +
        ": clients that look at it refuse it.";
    finding.evidence = {"subject " + dial->tls_subject, "issuer " + dial->tls_issuer};
    finding.fix = is_old ? "make a new certificate for " + at + ", and restart what presents it"
                         : "correct the clock of this machine, or make the certificate anew";
    findings.push_back(std::move(finding));
}

}  // namespace

std::string find_unresolved_host(const std::string& line) {
    static const std::array<std::regex, 6> forms{
        std::regex{R"re((?:ENOTFOUND|EAI_AGAIN) ([\w-]+(?:\.[\w-]+)+))re"},
        std::regex{R"re(could not translate host name "([^"]+)")re"},
        std::regex{R"re(lookup ([\w-]+(?:\.[\w-]+)+)(?: on \S+)?: no such host)re"},
        std::regex{R"re(UnknownHostException: ([\w-]+(?:\.[\w-]+)+))re"},
        std::regex{R"re(getaddrinfo(?:\(3\))?: [^(]*\((?:tcp://)?([\w-]+(?:\.[\w-]+)+))re"},
        std::regex{
            R"re(host=?'?([\w-]+(?:\.[\w-]+)+)'?.*(?:Name or service not known|nodename nor servname))re"}};
    constexpr std::array<std::string_view, 8> words{"ENOTFOUND",
                                                    "EAI_AGAIN",
                                                    "translate host",
                                                    "no such host",
                                                    "UnknownHost",
                                                    "getaddrinfo",
                                                    "service not known",
                                                    "nodename nor"};
    if (std::ranges::none_of(words, [&](std::string_view it) { return contains(line, it); })) {
        return "";
    }
    std::smatch found;
    for (const std::regex& form : forms) {
        if (std::regex_search(line, found, form)) return found[1].str();
    }
    return "";
}

void find_bad_endpoints(const Picture& picture, std::vector<Finding>& findings) {
    if (!is_asked_in_vain(picture)) return;
    for (const ServiceFact& it : picture.facts().services) {
        if (picture.is_suspect(it)) look_at_names(it, picture, findings);
    }
    for (const ReferenceFact& it : picture.facts().references) {
        if (it.scheme == "https") look_at_certificate(it, picture, findings);
    }
}

}  // namespace devstack::core::doctor
