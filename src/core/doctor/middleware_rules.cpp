// Middleware of Express that neither answers a request nor lets it go on, and of Koa that goes on
// without waiting, so that the answer is sent before it is there. Read from the source, and told
// only where a request has just shown it.

#include "devstack/base/text.hpp"

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <regex>

namespace devstack::core::doctor {

namespace {

/// "/items/:id" may be what "/api/items/7?x=1" is answered by; one that is given to no route by
/// all.
bool may_serve(const std::string& route, const std::string& path) {
    if (route.empty() || route == "/" || route == "*") return true;
    static const std::regex special{R"([.+^$|(){}\[\]\\])"};
    static const std::regex parameter{R"(:\w+\??)"};
    std::string pattern = std::regex_replace(route, special, R"(\$&)");
    pattern = std::regex_replace(pattern, parameter, "[^/]+");
    static const std::regex all{R"(\*)"};
    pattern = std::regex_replace(pattern, all, ".*") + "(?:/|$)";
    const std::string asked = path.substr(0, path.find('?'));
    return std::regex_search(asked, std::regex{pattern});
}

/// With which it comes to the service itself; null: it does not.
const DialFact* find_request(const ServiceFact& service, const Picture& picture) {
    const DialFact* const behind = picture.dial("past nginx: asked");
    const DialFact* const asked = behind != nullptr ? behind : picture.dial("asked");
    if (asked == nullptr || !is_local(asked->host)) return nullptr;
    return picture.owner_of(asked->port) == &service ? asked : nullptr;
}

/// A loop that has nothing to do and waits for nobody.
bool is_waiting_for_nobody(const ServiceFact& service, const Picture& picture) {
    constexpr double busy = 20;
    const auto processes = picture.processes_of(service.name);
    return std::ranges::any_of(processes, [&](const ProcessFact* it) {
        return it->runtime == "node" && it->talks_to_nobody && it->cpu_percent < busy;
    });
}

std::vector<const MiddlewareFact*> find_suspects(const ServiceFact& service,
                                                 const std::string& fault,
                                                 const DialFact& request,
                                                 const Picture& picture) {
    std::vector<const MiddlewareFact*> found;
    for (const MiddlewareFact& it : picture.facts().middleware) {
        const bool is_it = it.service == service.name && it.fault == fault;
        if (is_it && may_serve(it.route, request.path)) found.push_back(&it);
    }
    return found;
}

/// "tenant (middleware/tenant.js:1)".
std::string render(const MiddlewareFact& it) {
    return it.name.empty() ? "the middleware in " + it.where : it.name + " (" + it.where + ")";
}

Finding begin(const ServiceFact& service, const char* id, const DialFact& request) {
    Finding finding;
    finding.id = id;
    finding.service = service.name;
    finding.topic = "asked";
    finding.strength = 76;
    finding.evidence = {render_request(request) +
                        (request.error.empty() ? ": status " + std::to_string(request.status)
                                               : ": " + request.error)};
    return finding;
}

void look_at_lost(const ServiceFact& service,
                  const Picture& picture,
                  std::vector<Finding>& findings) {
    const DialFact* const request = find_request(service, picture);
    if (request == nullptr || request->error != "no answer") return;
    if (!is_waiting_for_nobody(service, picture)) return;
    const auto suspects = find_suspects(service, "no next", *request, picture);
    if (suspects.size() != 1) return;
    const MiddlewareFact& it = *suspects.front();
    Finding finding = begin(service, "middleware-without-next", *request);
    finding.what = "The request to " + service.name + " is not answered, and " + service.name +
                   " waits for nobody: there is a way through " + render(it) +
                   " that neither answers nor calls next(); see " + it.at + ".";
    finding.evidence.push_back("its event loop is idle, and it is connected to no other server");
    finding.fix = "call next(), or answer (res.status(…).json(…)), on each way through it: in " +
                  it.at + " there is no else";
    if (it.at == it.where) finding.fix = finding.fix.substr(0, finding.fix.find(": in "));
    findings.push_back(std::move(finding));
}

void look_at_early(const ServiceFact& service,
                   const Picture& picture,
                   std::vector<Finding>& findings) {
    constexpr int not_found = 404;
    const DialFact* const request = find_request(service, picture);
    // As Koa answers where nobody has set a body.
    const bool is_koa =
        request != nullptr && request->status == not_found && request->body == "Not Found";
    if (!is_koa) return;
    const auto suspects = find_suspects(service, "no await", *request, picture);
    if (suspects.empty()) return;
    const MiddlewareFact& it = *suspects.front();
    Finding finding = begin(service, "middleware-without-await", *request);
    finding.what = "Koa in " + service.name +
                   " answers 404 before there is an answer, as a rule: " + render(it) +
                   " calls next() in " + it.at + " and waits for nothing that comes after it.";
    finding.fix = "write await next() (or return next()) in " + it.at +
                  ", in an async function; if it is still 404 then, there is no such route";
    findings.push_back(std::move(finding));
}

}  // namespace

void find_lost_requests(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        look_at_lost(service, picture, findings);
        look_at_early(service, picture, findings);
    }
}

}  // namespace devstack::core::doctor
