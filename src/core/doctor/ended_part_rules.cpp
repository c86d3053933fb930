// One command that starts several programs ("node api.js & node web.js & wait"), of which one has
// ended by an error: the service goes on, and so nobody notices.

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <array>
#include <regex>

namespace devstack::core::doctor {

namespace {

/// By the shell, or by what is made for it.
bool starts_several(const std::string& command) {
    static const std::regex beside{R"([^&>]&(?![&>\d]))"};
    constexpr std::array runners{
        "concurrently", "npm-run-all", "run-p ", "foreman start", "honcho start", "overmind start"};
    return std::regex_search(command, beside) ||
           std::ranges::any_of(runners, [&](const char* it) { return contains(command, it); });
}

/// What starts a program again when its sources change has shown errors that are mended by now.
bool is_watching(const ServiceFact& service, const Picture& picture) {
    constexpr std::array words{"watch", "nodemon", "ts-node-dev", "Restarting", "restarting"};
    return std::ranges::any_of(words, [&](const char* it) {
        return contains(service.command, it) || picture.find_line_with(service.name, it) != nullptr;
    });
}

/// Of the last error of Node.js that has ended a process: it writes its version below it. Null:
/// there is none.
const LineFact* find_error(const LogFact& log) {
    static const std::regex version{R"((?:^|\s)Node\.js v\d+\.\d+\.\d+$)"};
    static const std::regex error{R"(^(?:\[[^\]]*\]\s*)?(?:\w+: )?\w*Error\b.*: )"};
    constexpr int far = 40;
    for (auto it = log.lines.rbegin(); it != log.lines.rend(); ++it) {
        if (!std::regex_search(it->text, version)) continue;
        int count = 0;
        for (auto above = it; above != log.lines.rend() && count < far; ++above, ++count) {
            if (std::regex_search(above->text, error)) return &*above;
        }
        return nullptr;
    }
    return nullptr;
}

/// What the error means has been found, which is more.
bool is_told(const LineFact& line,
             const ServiceFact& service,
             const std::vector<Finding>& findings) {
    const std::string text = render_line(service.name, line);
    return std::ranges::any_of(findings, [&](const Finding& it) {
        return it.strength >= cause_strength_min &&
               std::ranges::find(it.evidence, text) != it.evidence.end();
    });
}

}  // namespace

void find_ended_parts(const Picture& picture, std::vector<Finding>& findings) {
    for (const LogFact& log : picture.facts().logs) {
        const ServiceFact* const service = picture.service(log.service);
        if (service == nullptr || !picture.is_well(*service) || service->restarts > 0) continue;
        if (!starts_several(service->command) || is_watching(*service, picture)) continue;
        const LineFact* const line = find_error(log);
        if (line == nullptr || is_told(*line, *service, findings)) continue;
        Finding finding;
        finding.id = "part-has-ended";
        finding.service = service->name;
        finding.topic = "end";
        finding.strength = 74;
        finding.what = "One of the programs that " + service->name + " starts (" +
                       service->command +
                       ") has ended by an error, and the others go on: " + line->text + ".";
        finding.evidence = {render_line(service->name, *line)};
        finding.fix =
            "mend it, and make a service of each program, so that each is watched and "
            "started again; devstack restart " +
            service->name + " then";
        findings.push_back(std::move(finding));
    }
}

}  // namespace devstack::core::doctor
