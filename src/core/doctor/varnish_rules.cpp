// Varnish does not take its VCL. The reason is in one line of its log, the place in another one.

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <regex>

namespace devstack::core::doctor {

namespace {

/// The last thing that the compiler of VCL complains of; what comes behind its first place only
/// says where the block begins.
std::size_t find_complaint(const LogFact& log) {
    const auto head = std::find_if(log.lines.rbegin(), log.lines.rend(), [](const LineFact& it) {
        return contains(it.text, "Message from VCC-compiler");
    });
    return static_cast<std::size_t>(log.lines.rend() - head);
}

void look_at_vcl(const ServiceFact& service, const LogFact& log, std::vector<Finding>& findings) {
    static const std::regex form{R"re(^\('?([^']+?)'? Line (\d+) Pos (\d+)\))re"};
    std::smatch found;
    std::string message;
    const std::size_t begin = find_complaint(log);
    if (begin == 0) return;
    for (std::size_t i = begin; i < log.lines.size(); ++i) {
        const std::string& text = log.lines[i].text;
        if (!std::regex_search(text, found, form)) {
            const bool is_said = !text.empty() && !text.starts_with("(program line");
            if (is_said) message += (message.empty() ? "" : " ") + text;
            continue;
        }
        const std::string file = base_of(found[1].str());
        const std::string place = file + ":" + found[2].str();
        Finding finding;
        finding.id = "varnish-config";
        finding.service = service.name;
        finding.topic = "configuration";
        finding.strength = 82;
        finding.confidence = Confidence::sure;
        finding.what = service.name + " (Varnish) does not start: it refuses its VCL at " + place +
                       ", position " + found[3].str() +
                       (message.empty() ? "." : ": " + message + ".");
        if (message.ends_with('.')) finding.what.pop_back();
        finding.evidence = {render_line(service.name, log.lines[i])};
        finding.fix =
            "correct " + place +
            (contains(message, "Expected ';'") ? ", or the end of the line before it" : "") +
            "; varnishd -C -f " + found[1].str() + " checks it";
        findings.push_back(std::move(finding));
        return;
    }
}

}  // namespace

void find_varnish_mistakes(const Picture& picture, std::vector<Finding>& findings) {
    for (const LogFact& log : picture.facts().logs) {
        const ServiceFact* const service = picture.service(log.service);
        const bool is_it = service != nullptr && !service->words.empty() &&
                           base_of(service->words[0]) == "varnishd";
        if (is_it && !picture.is_alive(*service)) look_at_vcl(*service, log, findings);
    }
}

}  // namespace devstack::core::doctor
