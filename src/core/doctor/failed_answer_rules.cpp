// Requests that fail now by the access log of their server, while nobody asks about one and nothing
// else tells why.

#include "devstack/base/text.hpp"

#include "core/doctor/access_lines.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace devstack::core::doctor {

namespace {

/// What it says at that time besides, and that sounds like trouble.
const LineFact* find_remark(const FailedAnswer& failed,
                            const std::string& service,
                            const Picture& picture) {
    constexpr double one_request_seconds = 1;
    for (const LogFact& log : picture.facts().logs) {
        if (log.service != service) continue;
        for (const LineFact& it : log.lines) {
            const bool is_near =
                std::abs(seconds_between(it.time, failed.line->time)) <= one_request_seconds;
            const bool is_trouble =
                contains_word(it.text, "error") || contains_word(it.text, "exception") ||
                contains_word(it.text, "fail") || contains_word(it.text, "refused") ||
                contains_word(it.text, "denied") || contains_word(it.text, "timed out");
            if (is_near && is_trouble && !read_access_line(it.text)) return &it;
        }
    }
    return nullptr;
}

/// "http://127.0.0.1:8000/cart", to ask it again; empty: nobody knows where it listens.
std::string url_of(const FailedAnswer& failed, const ServiceFact& service, const Picture& picture) {
    const std::string& path = failed.access.path;
    if (failed.access.method != "GET" || !path.starts_with('/')) return "";
    const auto listeners = picture.listeners_of(service.name);
    if (listeners.empty()) return "";
    return "http://" + render_endpoint("127.0.0.1", listeners.front()->port) + path;
}

void tell(const std::vector<FailedAnswer>& failed,
          const ServiceFact& service,
          const Picture& picture,
          std::vector<Finding>& findings) {
    const FailedAnswer& last = failed.back();
    std::set<std::string> paths;
    for (const FailedAnswer& it : failed)
        paths.insert(it.access.method + it.access.path);
    const std::string request = last.access.method + " " + last.access.path;
    const std::string status = std::to_string(last.access.status);
    Finding finding;
    finding.id = "requests-fail";
    finding.service = service.name;
    finding.topic = "failed answers";
    finding.strength = 23;
    finding.is_open = true;
    finding.is_symptom = true;
    finding.what =
        failed.size() == 1
            ? service.name + " has answered " + request + " with status " + status +
                  " in the last minute."
            : service.name + " has answered " + count_of(failed.size(), "request") +
                  " with a server error in the last minute, " +
                  (paths.size() == 1 ? "all of them " + request : "the last of them " + request) +
                  " (status " + status + ").";
    finding.evidence = {render_line(service.name, *last.line)};
    const LineFact* const remark = find_remark(last, service.name, picture);
    if (remark != nullptr) finding.evidence.push_back(render_line(service.name, *remark));
    const std::string url = url_of(last, service, picture);
    finding.fix = (url.empty() ? "" : "devstack doctor " + url + ", which asks again; ") +
                  "devstack logs " + service.name;
    findings.push_back(std::move(finding));
}

}  // namespace

void find_failed_answers(const Picture& picture, std::vector<Finding>& findings) {
    if (picture.dial("asked") != nullptr) return;
    for (const ServiceFact& service : picture.facts().services) {
        const bool is_told = std::ranges::any_of(findings, [&](const Finding& it) {
            return it.service == service.name && it.confidence != Confidence::doubtful;
        });
        if (is_told) continue;
        auto failed = find_failed_answers(service.name, picture);
        // Proxies need a moment until they know that what is behind them is there.
        constexpr double checks_seconds = 5;
        constexpr int own_error = 500;
        const double since = settled_seconds(picture) - checks_seconds;
        std::erase_if(failed, [&](const FailedAnswer& it) {
            return it.access.status != own_error && picture.seconds_since(it.line->time) > since;
        });
        if (!failed.empty()) tell(failed, service, picture, findings);
    }
}

}  // namespace devstack::core::doctor
