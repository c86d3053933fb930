// Access logs, which tell of requests that fail now though nobody asks about one.

#include "core/doctor/access_lines.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <regex>

namespace devstack::core::doctor {

namespace {

constexpr double recent_seconds = 60;

int number_of(const std::string& digits) {
    int number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

bool names_method(const std::string& text) {
    constexpr std::array<std::string_view, 6> methods{
        "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"};
    return std::ranges::any_of(methods, [&](std::string_view it) { return contains(text, it); });
}

/// Where a form has the method, the path and the status. "METHOD" in a pattern is any of them.
struct Form {
    const char* pattern;
    std::size_t method;
    std::size_t path;
    std::size_t status;
};

constexpr Form forms[] = {
    // HAProxy's option httplog: the status is before the request.
    {R"re( (\d{3}) [+\d]+ \S+ \S+ [A-Za-z-]{4} .*"METHOD (\S+) HTTP)re", 2, 3, 1},
    // The Common Log Format, and whoever writes its middle part; PHP-FPM leaves HTTP out.
    {R"re("METHOD (\S+?)(?: HTTP/[\d.]+)?" (\d{3})\b)re", 1, 2, 3},
    // The server of PHP itself.
    {R"re(\[(\d{3})\]: METHOD (\S+))re", 2, 3, 1},
    // morgan, Hono, Next.js, Nitro: "GET /x 500 3.1 ms", "GET /x 500 in 3ms".
    {R"re(\bMETHOD (/\S*) (\d{3})(?: -)? (?:in )?[\d.]+ ?m?s\b)re", 1, 2, 3},
    // gin: "| 500 | 1.2ms | 127.0.0.1 | GET "/x"".
    {R"re(\| (\d{3}) \|.*\| METHOD +"(\S+?)")re", 2, 3, 1},
    // chi: ""GET http://host/x HTTP/1.1" from 127.0.0.1:4 - 500 21B".
    {R"re("METHOD https?://[^/\s"]+(/\S*) HTTP/[\d.]+" from \S+ - (\d{3})\b)re", 1, 2, 3},
    // uWSGI: "GET /x => generated 21 bytes in 1 msecs (HTTP/1.1 500)".
    {R"re(\bMETHOD (/\S*) => generated .*\(HTTP/[\d.]+ (\d{3})\))re", 1, 2, 3},
    // Tornado: "500 GET /x (127.0.0.1) 1.20ms".
    {R"re(\b(\d{3}) METHOD (/\S*) \(\S+\) [\d.]+ms)re", 2, 3, 1},
};

std::vector<std::regex> compile_forms() {
    constexpr std::string_view placeholder = "METHOD";
    std::vector<std::regex> patterns;
    for (const Form& form : forms) {
        std::string pattern = form.pattern;
        pattern.replace(
            pattern.find(placeholder), placeholder.size(), "(GET|POST|PUT|PATCH|DELETE|HEAD)");
        patterns.emplace_back(pattern);
    }
    return patterns;
}

std::string member_of(const std::string& text, const char* name) {
    const std::regex member{std::string{"\""} + name + R"(":"?([^",}]+))"};
    std::smatch found;
    return std::regex_search(text, found, member) ? found[1].str() : "";
}

/// Caddy: {"logger":"http.log.access", … "request":{"method":"GET","uri":"/x"}, … "status":502}.
std::optional<AccessLine> read_json(const std::string& text) {
    const std::string status = member_of(text, "status");
    const std::string path = member_of(text, "uri");
    if (status.size() != 3 || path.empty()) return std::nullopt;
    return AccessLine{member_of(text, "method"), path, number_of(status)};
}

std::optional<AccessLine> read_any(const std::string& text) {
    if (contains(text, "\"method\":\"") && contains(text, "\"status\":")) return read_json(text);
    static const std::vector<std::regex> patterns = compile_forms();
    for (std::size_t i = 0; i < patterns.size(); ++i) {
        std::smatch found;
        if (!std::regex_search(text, found, patterns[i])) continue;
        return AccessLine{found[forms[i].method].str(),
                          found[forms[i].path].str(),
                          number_of(found[forms[i].status].str())};
    }
    return std::nullopt;
}

bool is_failure(int status) {
    return status == 500 || status == 502 || status == 503 || status == 504;
}

}  // namespace

std::optional<AccessLine> read_access_line(const std::string& text) {
    if (!names_method(text)) return std::nullopt;
    std::optional<AccessLine> access = read_any(text);
    if (access) access->path = access->path.substr(0, access->path.find('?'));
    return access;
}

double settled_seconds(const Picture& picture) {
    double settled = HUGE_VAL;
    for (const ServiceFact& it : picture.facts().services) {
        if (picture.is_alive(it)) settled = std::min(settled, it.phase_seconds);
    }
    // What starts itself anew is no other run of its service.
    for (const ListenerFact& it : picture.facts().listeners) {
        const ProcessFact* const process = picture.process(it.pid);
        const bool is_ours = process != nullptr && !it.service.empty();
        if (is_ours) settled = std::min(settled, process->age_seconds);
    }
    return settled;
}

std::vector<FailedAnswer> find_failed_answers(const std::string& service, const Picture& picture) {
    std::vector<FailedAnswer> failed;
    const ServiceFact* const server = picture.service(service);
    if (server == nullptr || !picture.is_well(*server)) return failed;
    const double limit = std::min(recent_seconds, settled_seconds(picture));
    for (const LogFact& log : picture.facts().logs) {
        if (log.service != service) continue;
        for (const LineFact& line : log.lines) {
            if (!names_method(line.text)) continue;
            const double age = picture.seconds_since(line.time);
            if (age >= limit) continue;
            const auto access = read_access_line(line.text);
            if (!access) continue;
            if (is_failure(access->status)) {
                failed.push_back({*access, &line});
            } else if (access->status < 400) {
                // It has passed.
                std::erase_if(failed, [&](const FailedAnswer& it) {
                    return it.access.path == access->path && it.access.method == access->method;
                });
            }
        }
    }
    return failed;
}

bool has_failed_lately(const std::string& service,
                       const std::string& request,
                       const Picture& picture) {
    const std::string path = request.substr(0, request.find('?'));
    const auto failed = find_failed_answers(service, picture);
    return std::ranges::any_of(failed,
                               [&](const FailedAnswer& it) { return it.access.path == path; });
}

bool is_of_failed_answer(const LineFact& line, const std::vector<FailedAnswer>& failed) {
    constexpr double one_request_seconds = 1;
    return std::ranges::any_of(failed, [&](const FailedAnswer& it) {
        return std::abs(seconds_between(line.time, it.line->time)) <= one_request_seconds;
    });
}

}  // namespace devstack::core::doctor
