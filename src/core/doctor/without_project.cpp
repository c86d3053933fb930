#include "core/doctor/without_project.hpp"

#include "devstack/base/text.hpp"

#include <algorithm>
#include <string>

namespace devstack::core::doctor {

namespace {

std::string restart_of(const ServiceFact& process) {
    return process.unit.empty() ? "restart " + process.name : "systemctl restart " + process.unit;
}
std::string log_of(const ServiceFact& process) {
    return process.unit.empty() ? "the log of " + process.name : "journalctl -u " + process.unit;
}

std::string speak(std::string text, const Facts& facts) {
    bool has_any = false;
    for (const ServiceFact& it : facts.services) {
        const std::string start = "devstack start " + it.name;
        if (it.kind == "unit" && it.pid == 0) {
            text =
                replace_all(text,
                            start,
                            "systemctl start " + it.name + "; systemctl status " + it.name +
                                " tells how it has ended, and journalctl -u " + it.name + " why");
            continue;
        }
        if (it.pid == 0) {
            text = replace_all(text,
                               start,
                               "start it as the others were started (" + it.command +
                                   "), or end these, and let devstack up start all");
            continue;
        }
        has_any = true;
        for (const char* verb : {"devstack restart ", "devstack start "})
            text = replace_all(text, verb + it.name, restart_of(it));
        text = replace_all(text, "devstack logs " + it.name, log_of(it));
        text = replace_all(text, ", devstack crashes " + it.name + " --full", "");
    }
    text = replace_all(text, ", name it in the profile so that it is started too,", "");
    // Several are restarted in one command.
    return has_any ? replace_all(text, "devstack restart ", "restart ") : text;
}

bool is_about_answer(const Finding& finding) {
    return finding.topic == "asked" || finding.topic == "cors" || finding.topic == "stream";
}

/// Who is asked, or listens on the port; null: nobody that is known.
const ServiceFact* find_server(const Picture& picture) {
    const DialFact* const asked = picture.dial("asked");
    return asked != nullptr ? picture.server_of(*asked)
                            : picture.owner_of(picture.facts().subject.port);
}

bool is_on_the_way(const Finding& finding, const ServiceFact* server, const Picture& picture) {
    const std::string port = ":" + std::to_string(picture.facts().subject.port);
    const bool is_endpoint =
        finding.topic.starts_with("endpoint ") && finding.topic.ends_with(port);
    if (is_about_answer(finding) || is_endpoint) return true;
    const ServiceFact* const service = picture.service(finding.service);
    if (service == nullptr || server == nullptr) return service == nullptr && server == nullptr;
    return service == server || picture.is_linked(*server, *service);
}

void join_readers(std::vector<Finding>& findings) {
    std::vector<Finding> kept;
    for (Finding& it : findings) {
        const bool is_known = std::ranges::any_of(kept, [&](const Finding& other) {
            return other.id == it.id && other.topic == it.topic && !it.topic.empty() &&
                   other.fix == it.fix;
        });
        if (!is_known) kept.push_back(std::move(it));
    }
    findings = std::move(kept);
}

/// "server.js (pid 7) (node server.js, pid 7)" -> "server.js (pid 7)".
std::string shorten_names(std::string text, const Facts& facts) {
    for (const ServiceFact& it : facts.services) {
        const std::string begin = it.name + " (";
        const std::string end = ", pid " + std::to_string(it.pid) + ")";
        const auto from = text.find(begin);
        const auto to = from == text.npos ? from : text.find(end, from);
        if (to != text.npos && text.find(')', from + begin.size()) == to + end.size() - 1) {
            text.erase(from + it.name.size(), to + end.size() - from - it.name.size());
        }
    }
    return text;
}

}  // namespace

void keep_what_is_asked(const Picture& picture, std::vector<Finding>& findings) {
    join_readers(findings);
    const SubjectFact& subject = picture.facts().subject;
    if (subject.kind != "url" && subject.kind != "port") return;
    const DialFact* const asked = picture.dial("asked");
    const bool is_good = asked != nullptr && asked->error.empty() && asked->status >= 200 &&
                         asked->status < 400 && !asked->is_unexpected;
    const ServiceFact* const server = find_server(picture);
    std::erase_if(findings, [&](const Finding& it) {
        return is_good ? !is_about_answer(it) : !is_on_the_way(it, server, picture);
    });
    // That nobody listens at what is asked says the one who should be there best.
    const auto answer = std::ranges::find(findings, std::string{"asked"}, &Finding::topic);
    if (answer == findings.end() || answer->id != "nothing-listens") return;
    const auto cause = std::ranges::find_if(findings, [&](const Finding& it) {
        const bool is_endpoint = it.topic.starts_with("endpoint ") &&
                                 it.topic.ends_with(":" + std::to_string(subject.port));
        const bool is_of_server = !it.service.empty() && it.service == answer->service;
        return it.topic != "asked" && (is_endpoint || is_of_server);
    });
    if (cause == findings.end()) return;
    cause->explains.push_back(answer->what);
    findings.erase(answer);
}

void speak_of_processes(const Facts& facts, Finding& finding) {
    finding.what = shorten_names(std::move(finding.what), facts);
    for (std::string& it : finding.explains)
        it = shorten_names(std::move(it), facts);
    finding.fix = speak(std::move(finding.fix), facts);
    std::erase_if(finding.evidence,
                  [](const std::string& it) { return it.starts_with("devstack says: "); });
}

}  // namespace devstack::core::doctor
