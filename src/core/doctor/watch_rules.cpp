// Files that a service, or what it starts, writes where it watches: it would start anew for ever,
// so devstack stops watching, and changes that a person makes are not picked up any more.

#include "core/doctor/picture.hpp"

#include <regex>

namespace devstack::core::doctor {

void find_vain_watches(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        if (service.watch_suspended.empty()) continue;
        // The words of the supervisor (core/supervisor/watch.cpp).
        static const std::regex form{
            R"((\d+) changes in a row, the last one of (.+), came within)"};
        std::smatch found;
        const bool is_known = std::regex_search(service.watch_suspended, found, form);
        const std::string file = is_known ? found[2].str() : "what it watches";
        Finding finding;
        finding.id = "watch-suspended";
        finding.service = service.name;
        finding.topic = "watch";
        finding.strength = 52;
        finding.what =
            service.name + " seems to change " + file + " itself, which its watch" +
            declared_at(service) + " includes: it was started anew " +
            (is_known ? "for each of " + found[1].str() + " changes in a row" : "again and again") +
            ", and now its files are not watched any more, so that no change is picked up.";
        finding.evidence = {"devstack says: " + service.name + ": " + service.watch_suspended};
        finding.fix = "leave " + file + " out of the watch of " + service.name +
                      " (name the sources alone), or write it elsewhere; then devstack restart " +
                      service.name + ", which watches again";
        findings.push_back(std::move(finding));
    }
}

}  // namespace devstack::core::doctor
