// What two services of a project should agree on, and do not: a secret, a database of a store, a
// port, the path of a request. Each of them is well by itself, so that this is told only where a
// request between them goes wrong.

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <array>
#include <regex>
#include <vector>

namespace devstack::core::doctor {

namespace {

Finding begin(const ServiceFact& service, const char* id, int strength) {
    Finding finding;
    finding.id = id;
    finding.service = service.name;
    finding.topic = id;
    finding.strength = strength;
    return finding;
}

std::string render_variable(const VariableFact& variable) {
    return variable.name + " (" + variable.where + ")";
}

/// Since the request that is asked about was sent; else lately.
bool is_recent(const LineFact& line, const Picture& picture) {
    constexpr double recent_seconds = 60;
    if (picture.dial("asked") != nullptr) {
        return seconds_between(picture.facts().time, line.time) >= 0;
    }
    return picture.seconds_since(line.time) <= recent_seconds;
}

// ---- Secrets -----------------------------------------------------------------------------------

/// Of tokens and signed cookies: jsonwebtoken, PyJWT, golang-jwt, itsdangerous, JJWT, ruby-jwt.
bool tells_bad_signature(const std::string& line) {
    constexpr std::array<std::string_view, 8> words{"invalid signature",
                                                    "Signature verification failed",
                                                    "signature is invalid",
                                                    "Signature verification raised",
                                                    "InvalidSignatureError",
                                                    "BadSignature",
                                                    "signature does not match",
                                                    "SignatureException"};
    return std::ranges::any_of(words, [&](std::string_view it) { return contains_word(line, it); });
}

void compare_secrets(const ServiceFact& service,
                     const Picture& picture,
                     std::vector<Finding>& findings) {
    const LineFact* const line = picture.find_line(service.name, tells_bad_signature);
    if (line == nullptr || !is_recent(*line, picture)) return;
    for (const ServiceFact& other : picture.facts().services) {
        for (const VariableFact& mine : service.variables) {
            const auto theirs = std::ranges::find(other.variables, mine.name, &VariableFact::name);
            const bool is_both = &other != &service && theirs != other.variables.end() &&
                                 !mine.mark.empty() && !theirs->mark.empty();
            if (!is_both || mine.mark == theirs->mark) continue;
            Finding finding = begin(service, "secrets-differ", 80);
            finding.what = render_variable(mine) + " of " + service.name + " and " +
                           render_variable(*theirs) + " of " + other.name +
                           " differ: " + service.name + " refuses what " + other.name +
                           " has signed.";
            finding.evidence = {render_line(service.name, *line)};
            finding.fix = "give both the same " + mine.name + ", then devstack restart " +
                          service.name + " " + other.name;
            findings.push_back(std::move(finding));
            return;
        }
    }
}

// ---- Claims ------------------------------------------------------------------------------------

struct Claim {
    std::string_view name;
    std::string_view in_variables;
    std::vector<std::string_view> words;
};

/// What PyJWT, jsonwebtoken, jose, golang-jwt, ruby-jwt and Spring Security say of RFC 7519, 4.1.
const Claim* find_claim(const std::string& line) {
    static const std::vector<Claim> claims{{"audience",
                                            "AUD",
                                            {"invalid audience",
                                             "audience invalid",
                                             "\"aud\" claim",
                                             "aud claim is not valid",
                                             "Audience doesn't match"}},
                                           {"issuer",
                                            "ISS",
                                            {"invalid issuer",
                                             "issuer invalid",
                                             "\"iss\" claim",
                                             "iss claim is not valid",
                                             "Issuer doesn't match"}},
                                           {"algorithm",
                                            "ALG",
                                            {"alg value is not allowed",
                                             "invalid algorithm",
                                             "\"alg\" (Algorithm) Header Parameter",
                                             "Expected a different algorithm"}}};
    const auto found = std::ranges::find_if(claims, [&](const Claim& it) {
        return std::ranges::any_of(
            it.words, [&](std::string_view word) { return contains_word(line, word); });
    });
    return found == claims.end() ? nullptr : &*found;
}

/// Who takes tokens wants another audience or issuer than the one whom who makes them names.
void compare_claims(const ServiceFact& service,
                    const Picture& picture,
                    std::vector<Finding>& findings) {
    const LineFact* const line = picture.find_line(
        service.name, [](const std::string& it) { return find_claim(it) != nullptr; });
    if (line == nullptr || !is_recent(*line, picture)) return;
    const Claim& claim = *find_claim(line->text);
    for (const VariableFact& mine : service.variables) {
        if (!contains(mine.name, claim.in_variables)) continue;
        for (const ServiceFact& other : picture.facts().services) {
            const auto theirs = std::ranges::find(other.variables, mine.name, &VariableFact::name);
            if (&other == &service || theirs == other.variables.end()) continue;
            if (theirs->value == mine.value && theirs->mark == mine.mark) continue;
            Finding finding = begin(service, "token-claims-differ", 79);
            const auto value_of = [](const VariableFact& it) {
                return it.value.empty() ? "" : ", " + it.value;
            };
            finding.what = service.name + " refuses the tokens of " + other.name + " for their " +
                           std::string{claim.name} + ": " + render_variable(mine) + " of " +
                           service.name + value_of(mine) + ", differs from " +
                           render_variable(*theirs) + " of " + other.name + value_of(*theirs) + ".";
            finding.evidence = {render_line(service.name, *line)};
            finding.fix = "give both the same " + mine.name + ", then devstack restart " +
                          service.name + " " + other.name;
            findings.push_back(std::move(finding));
            return;
        }
    }
}

// ---- Databases of one store --------------------------------------------------------------------

/// "0" of redis://localhost:6379 and redis://localhost:6379/0.
std::string database_of(const ReferenceFact& reference) {
    const std::string path = reference.path.substr(0, reference.path.find('?'));
    const std::string name = path.empty() ? "" : path.substr(1);
    return name.empty() && reference.scheme == "redis" ? "0" : name;
}

/// Of one that waits for what another one would put there.
void compare_stores(const Picture& picture, std::vector<Finding>& findings) {
    const DialFact* const asked = picture.dial("asked");
    const bool is_silent = asked != nullptr && asked->error == "no answer";
    const auto& references = picture.facts().references;
    for (const ReferenceFact& it : references) {
        const ServiceFact* const service = picture.service(it.service);
        if (it.scheme != "redis" || it.kind != "env" || service == nullptr || !is_silent) continue;
        if (!picture.is_suspect(*service)) continue;
        const auto other = std::ranges::find_if(references, [&](const ReferenceFact& that) {
            return that.service != it.service && that.name == it.name && that.kind == "env" &&
                   that.host == it.host && that.port == it.port && that.scheme == it.scheme &&
                   picture.service(that.service) != nullptr && database_of(that) != database_of(it);
        });
        if (other == references.end()) continue;
        Finding finding = begin(*service, "store-databases-differ", 77);
        finding.what = render_reference(it) + " of " + it.service + " names database " +
                       database_of(it) + " of Redis at " + render_endpoint(it.host, it.port) +
                       ", and " + render_reference(*other) + " of " + other->service +
                       " database " + database_of(*other) +
                       ": what one of them puts there the other never sees.";
        finding.evidence = {render_request(*asked) + ": " + render_outcome(*asked)};
        finding.fix = "name the same database in both (…/" + database_of(it) +
                      "), then devstack restart " + it.service + " " + other->service;
        findings.push_back(std::move(finding));
        return;
    }
}

// ---- Ports -------------------------------------------------------------------------------------

/// A variable names a port that another service listens on, besides the one that it declares: its
/// peers', its administrators'.
void compare_ports(const ReferenceFact& reference,
                   const Picture& picture,
                   std::vector<Finding>& findings) {
    const ServiceFact* const service = picture.service(reference.service);
    const DialFact* const asked = picture.dial("asked");
    const bool is_bad = asked != nullptr && (is_server_error(*asked) || !asked->error.empty());
    if (service == nullptr || reference.kind != "env" || !is_local(reference.host) || !is_bad ||
        !picture.is_suspect(*service)) {
        return;
    }
    for (const ListenerFact* listener : picture.listeners_on(reference.port)) {
        const ServiceFact* const other = picture.service(listener->service);
        const bool is_other = other != nullptr && other != service && other->ports.size() == 1 &&
                              !picture.declares(*other, reference.port);
        if (!is_other) continue;
        Finding finding = begin(*service, "variable-names-other-port", 61);
        finding.what = render_reference(reference) + " of " + service->name + " names port " +
                       std::to_string(reference.port) + " of " + other->name +
                       ", which listens there too; the port that it declares for its clients is " +
                       other->ports.front() + ".";
        finding.evidence = {render_endpoint(listener->address, listener->port) +
                            " is listened on by " + describe(*listener)};
        finding.fix = "change the port to " + other->ports.front() + " in " + reference.where +
                      ", then devstack restart " + service->name;
        findings.push_back(std::move(finding));
    }
}

// ---- Requests ----------------------------------------------------------------------------------

struct Refused {
    std::string path;
    std::string status;
};

/// "GET /v1/users/7 404", "Route GET:/v1/users/7 not found", "… 422 … for url 'http://…/search'".
Refused find_refused(const std::string& line) {
    static const std::regex route{R"(Route (?:GET|POST|PUT|PATCH|DELETE):(/\S*) not found)"};
    static const std::regex access{
        R"re(\b(?:GET|POST|PUT|PATCH|DELETE)[ :]+(/[^\s":,;]*)[^\n]*?[\s"](40[0134569]|410|415|422)\b)re"};
    static const std::regex status_first{
        R"re(\b(40[0134569]|410|415|422) (?:GET|POST|PUT|PATCH|DELETE) (/[^\s":,;]*))re"};
    std::smatch found;
    if (std::regex_search(line, found, route)) return {found[1].str(), "404"};
    if (std::regex_search(line, found, access)) return {found[1].str(), found[2].str()};
    if (std::regex_search(line, found, status_first)) return {found[2].str(), found[1].str()};
    return {};
}

/// The service that answers calls another one, which refuses what it is asked for.
void look_for_refused_call(const ServiceFact& caller,
                           const DialFact& asked,
                           const Picture& picture,
                           std::vector<Finding>& findings) {
    for (const ServiceFact& callee : picture.facts().services) {
        if (&callee == &caller || !picture.is_linked(caller, callee)) continue;
        const LineFact* const line = picture.find_line(
            callee.name, [](const std::string& text) { return !find_refused(text).path.empty(); });
        if (line == nullptr || !is_recent(*line, picture)) continue;
        const Refused refused = find_refused(line->text);
        if (refused.path == asked.path) continue;  // Passed on as it came.
        const LineFact* const said = picture.find_line(
            caller.name, [&](const std::string& text) { return contains(text, refused.status); });
        const bool is_seen = contains(asked.body, refused.status) ||
                             std::to_string(asked.status) == refused.status ||
                             (said != nullptr && is_recent(*said, picture));
        if (!is_seen) continue;
        Finding finding = begin(caller, "call-refused", 62);
        finding.what = caller.name + " asks " + callee.name + " for " + refused.path + ", which " +
                       callee.name + " refuses with " + refused.status +
                       (refused.status == "404"   ? ": it has no such path."
                        : refused.status == "405" ? ": not by that method."
                        : refused.status == "422" ? ": a parameter or field is missing or wrong."
                                                  : ".");
        finding.evidence = {render_line(callee.name, *line)};
        if (said != nullptr) finding.evidence.push_back(render_line(caller.name, *said));
        finding.fix =
            "make the request of " + caller.name + " and the routes of " + callee.name + " agree";
        findings.push_back(std::move(finding));
        return;
    }
}

void look_at_calls(const Picture& picture, std::vector<Finding>& findings) {
    const DialFact* const asked = picture.dial("asked");
    if (asked == nullptr || asked->status < 400 || !is_local(asked->host)) return;
    const ServiceFact* const caller = picture.owner_of(asked->port);
    if (caller != nullptr) look_for_refused_call(*caller, *asked, picture, findings);
}

// ---- What was built ----------------------------------------------------------------------------

/// The program does not have the path that its newer source has in a line.
void tell_old_program(const ServiceFact& service,
                      const FolderFact& folder,
                      const DialFact& asked,
                      std::vector<Finding>& findings) {
    const std::string source = folder.newer_source.substr(0, folder.newer_source.rfind(':'));
    constexpr int above_answers = 78;
    Finding finding = begin(service, "build-older-than-source", above_answers);
    finding.what = service.name + " runs " + folder.build_directory + ", which was built before " +
                   source + " was changed: " + asked.path + ", which is answered with 404, is in " +
                   folder.newer_source + " and not in the program.";
    finding.evidence = {render_request(asked) + ": status 404",
                        source + " is newer than " + folder.build_directory};
    std::string how;
    if (source.ends_with(".rs")) how = " (cargo build)";
    if (source.ends_with(".go")) {
        const bool is_main = source.starts_with("cmd/");
        how = " (go build -o " + folder.build_directory +
              (is_main ? " ./" + source.substr(0, source.rfind('/')) : "") + ")";
    }
    finding.fix = "build it anew" + how + ", then devstack restart " + service.name;
    findings.push_back(std::move(finding));
}

/// A path that the sources have, and what was built of older ones does not.
void look_at_build(const FolderFact& folder,
                   const Picture& picture,
                   std::vector<Finding>& findings) {
    const ServiceFact* const service = picture.service(folder.service);
    const DialFact* const asked = picture.dial("asked");
    constexpr int not_found = 404;
    if (folder.newer_source.empty() || service == nullptr || asked == nullptr) return;
    const ServiceFact* const owner = picture.owner_of(asked->port);
    if (asked->status != not_found || owner == nullptr || !is_local(asked->host)) return;
    const bool is_asked = owner == service;
    // Of a program it names the line.
    if (contains(folder.newer_source, ":")) {
        if (is_asked || picture.is_linked(*owner, *service)) {
            tell_old_program(*service, folder, *asked, findings);
        }
        return;
    }
    if (!is_asked) return;
    Finding finding = begin(*service, "build-older-than-source", 56);
    finding.what = service->name + " runs what was built in " + folder.path + "/" +
                   folder.build_directory + " before " + folder.newer_source +
                   " was changed: " + asked->path + ", which it answers with 404, may be in there.";
    finding.evidence = {render_request(*asked) + ": status 404",
                        folder.newer_source + " is newer than all of " + folder.build_directory};
    finding.fix = "build it anew (npm run build in " + folder.path + "), then devstack restart " +
                  service->name;
    findings.push_back(std::move(finding));
}

}  // namespace

void find_disagreements(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        compare_secrets(service, picture, findings);
        compare_claims(service, picture, findings);
    }
    compare_stores(picture, findings);
    for (const ReferenceFact& reference : picture.facts().references)
        compare_ports(reference, picture, findings);
    look_at_calls(picture, findings);
    for (const FolderFact& folder : picture.facts().folders)
        look_at_build(folder, picture, findings);
}

}  // namespace devstack::core::doctor
