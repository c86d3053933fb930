#include "core/doctor/blocking_calls.hpp"

#include <algorithm>
#include <regex>

namespace devstack::core::doctor {

std::string find_blocking_call(const std::string& place, const Picture& picture) {
    static const std::regex position{R"re(\(([^()]+):(\d{1,7})\))re"};
    static const std::regex call{R"re((?:^|[^\w.$])((?:[A-Za-z_$][\w$]*\.)*\w+Sync)\s*\()re"};
    std::smatch found;
    if (!std::regex_search(place, found, position)) return "";
    const int number = std::stoi(found[2].str());
    const SourceFact* const source = picture.source(found[1].str(), number);
    if (source == nullptr) return "";
    const auto line = std::ranges::find(source->lines, number, &SourceLineFact::number);
    if (!std::regex_search(line->text, found, call)) return "";
    return found[1].str();
}

void tell_blocking_call(const ServiceFact& service,
                        const std::string& place,
                        const Picture& picture,
                        Finding& finding) {
    const std::string call = find_blocking_call(place, picture);
    if (call.empty()) return;
    const std::string other = call.substr(0, call.size() - std::string_view{"Sync"}.size());
    finding.id = "event-loop-blocked";
    finding.strength = 84;
    finding.confidence = Confidence::sure;
    finding.what = "The event loop of " + service.name + " is blocked by " + call + " in " + place +
                   ": its main thread does nothing else until that has come to its end, for each "
                   "request anew.";
    finding.fix = "use " + other +
                  " (with await or a callback), which leaves the main thread free, or a worker "
                  "thread";
}

}  // namespace devstack::core::doctor
