// A path that a server does not have, while its log lists the ones that it has.

#include "devstack/base/text.hpp"

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <regex>

namespace devstack::core::doctor {

namespace {

std::vector<std::string> parts_of(const std::string& path) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at < path.size();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        if (end > at) parts.push_back(path.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

/// The same with more or less before or within it: "/api/v1/users" and "/api/users".
bool is_variant(const std::string& route, const std::string& asked) {
    auto longer = parts_of(route);
    auto shorter = parts_of(asked);
    if (longer.size() < shorter.size()) std::swap(longer, shorter);
    if (shorter.empty() || longer.size() == shorter.size()) return false;
    if (longer.back() != shorter.back()) return false;
    auto at = longer.begin();
    for (const std::string& part : shorter) {
        at = std::find(at, longer.end(), part);
        if (at == longer.end()) return false;
        ++at;
    }
    return true;
}

struct Listed {
    std::string route;
    const LineFact* line = nullptr;
};

/// NestJS: "Mapped {/api/v1/users, GET} route"; gin: "[GIN-debug] GET    /api/v1/users  --> …".
Listed find_listed(const ServiceFact& service, const std::string& asked, const Picture& picture) {
    static const std::regex form{
        R"re(\bMapped \{([^,\s]+), (?:GET|ALL)\} route|\[GIN-debug\] GET +(\S+) +-->)re"};
    Listed best;
    for (const LogFact& log : picture.facts().logs) {
        if (log.service != service.name) continue;
        for (const LineFact& it : log.lines) {
            std::smatch found;
            const bool is_list = contains(it.text, "Mapped {") || contains(it.text, "[GIN-debug]");
            if (!is_list || !std::regex_search(it.text, found, form)) continue;
            const std::string route = found[1].matched ? found[1].str() : found[2].str();
            if (route == asked) return {};
            if (is_variant(route, asked) && best.line == nullptr) best = {route, &it};
        }
    }
    return best;
}

}  // namespace

void find_listed_routes(const Picture& picture, std::vector<Finding>& findings) {
    const DialFact* const asked = picture.dial("asked");
    constexpr int not_found = 404;
    if (asked == nullptr || asked->status != not_found) return;
    const DialFact* behind = picture.behind_nginx(*asked);
    if (behind == nullptr) behind = picture.dial("past proxy: asked");
    const DialFact& request = behind != nullptr && behind->status == not_found ? *behind : *asked;
    const ServiceFact* const server = picture.owner_of(request.port);
    if (server == nullptr) return;
    const std::string path = request.path.substr(0, request.path.find('?'));
    const Listed listed = find_listed(*server, path, picture);
    if (listed.line == nullptr) return;
    Finding finding;
    finding.id = "path-under-other-prefix";
    finding.service = server->name;
    finding.topic = "route list";
    finding.strength = 72;
    finding.what = server->name + " has no path " + path + " (404); what it has, by its log, is " +
                   listed.route + ".";
    finding.evidence = {render_line(server->name, *listed.line),
                        render_request(request) + ": status 404"};
    finding.fix = "ask for " + listed.route +
                  (behind == nullptr ? "" : ", let the proxy make that of the path,") +
                  " or change the prefix of " + server->name +
                  " (setGlobalPrefix, versioning, a group of routes)";
    findings.push_back(std::move(finding));
}

}  // namespace devstack::core::doctor
