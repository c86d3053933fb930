// "http://localhost:3101/api" in a variable, and "/api/orders" in the code that appends to it.

#include "core/doctor/picture.hpp"

#include <algorithm>

namespace devstack::core::doctor {

namespace {

/// The path of a base URL without its last slash; empty: it has none.
std::string base_path(const ReferenceFact& reference) {
    std::string path = reference.path.substr(0, reference.path.find('?'));
    while (path.ends_with('/'))
        path.pop_back();
    return path;
}

/// "/api/api/orders" in a text.
std::string find_doubled(const std::string& text, const std::string& base) {
    const auto at = text.find(base + base + "/");
    if (at == text.npos) return "";
    return text.substr(at, text.find_first_of(" \"'<>,;)}?", at) - at);
}

struct Sight {
    std::string path;
    std::string evidence;
};

/// In the answer to what was asked, or in the last lines of who was asked for it.
Sight find_sight(const ServiceFact& service,
                 const ServiceFact& owner,
                 const std::string& base,
                 const Picture& picture) {
    for (const DialFact* dial : {picture.dial("asked"), picture.probe(service)}) {
        if (dial == nullptr || !dial->is_unexpected) continue;
        const std::string path = find_doubled(dial->body, base);
        if (!path.empty()) return {path, render_request(*dial) + ": " + render_outcome(*dial)};
    }
    constexpr double recent_seconds = 60;
    for (const ServiceFact* it : {&owner, &service}) {
        const LineFact* const line = picture.find_line(it->name, [&](const std::string& text) {
            return contains(text, "404") && !find_doubled(text, base).empty();
        });
        const bool is_recent =
            line != nullptr && picture.seconds_since(line->time) <= recent_seconds;
        if (is_recent) return {find_doubled(line->text, base), render_line(it->name, *line)};
    }
    return {};
}

}  // namespace

void find_doubled_paths(const Picture& picture, std::vector<Finding>& findings) {
    for (const ReferenceFact& reference : picture.facts().references) {
        const ServiceFact* const service = picture.service(reference.service);
        const ServiceFact* const owner =
            is_local(reference.host) ? picture.owner_of(reference.port) : nullptr;
        const std::string base = base_path(reference);
        const bool is_base = reference.kind == "env" && !base.empty();
        if (!is_base || service == nullptr || owner == nullptr || owner == service) continue;
        const Sight sight = find_sight(*service, *owner, base, picture);
        if (sight.path.empty()) continue;
        const std::string named = render_reference(reference);
        Finding finding;
        finding.id = "path-doubled";
        finding.service = service->name;
        finding.topic = "probe";
        finding.strength = 88;
        finding.what = service->name + " asks " + owner->name + " for " + sight.path +
                       ", which does not exist (404): " + named + " ends with " + base +
                       ", and what " + service->name + " appends to it begins with " + base +
                       " once more.";
        finding.evidence = {sight.evidence};
        finding.fix = "take " + base + " out of " + named + ", then devstack restart " +
                      service->name + "; or out of the paths in its code";
        findings.push_back(std::move(finding));
    }
}

}  // namespace devstack::core::doctor
