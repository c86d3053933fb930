// Requests that fail now though nobody asks about one, by what their service says: a plain look at
// a service without a health URL knows nothing else of them.

#include "core/doctor/failed_requests.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <regex>

namespace devstack::core::doctor {

namespace {

constexpr double recent_seconds = 60;

bool is_recent(const std::string& time, const Picture& picture) {
    return std::abs(picture.seconds_since(time)) <= recent_seconds;
}

/// Of one event are also the lines that follow it at once.
bool is_other_event(const std::string& one, const std::string& other) {
    constexpr double one_event_seconds = 0.2;
    return std::abs(seconds_between(one, other)) > one_event_seconds;
}

/// Wrong whenever it is done; what else is wrong may pass, or be what a client has got wrong.
bool is_lasting_fault(const LogKnowledge& known) {
    constexpr std::array<std::string_view, 12> ids{"connection-went-stale",
                                                   "character-set-too-small",
                                                   "etcd-no-space",
                                                   "value-too-long",
                                                   "value-out-of-range",
                                                   "database-packet-too-large",
                                                   "database-auth-plugin",
                                                   "primary-key-taken",
                                                   "template-missing",
                                                   "entity-unknown",
                                                   "event-loop-running",
                                                   "column-missing"};
    return std::ranges::find(ids, known.id) != ids.end();
}

/// "TypeError: …" and nothing before it: the error itself, not a remark about it.
bool is_bare(const Traceback& trace) {
    constexpr std::string_view uncaught = "Uncaught ";
    std::string_view head = trace.head;
    if (head.starts_with(uncaught)) head.remove_prefix(uncaught.size());
    return !trace.error.empty() && head.starts_with(trace.error.substr(0, trace.error.find(' ')));
}

bool is_frame_of_handler(const std::string& line) {
    constexpr std::array<std::string_view, 8> places{"node_modules/express/lib/router/",
                                                     "node_modules/router/lib/layer.js",
                                                     "node_modules/router/index.js",
                                                     "node_modules/koa-compose/",
                                                     "node_modules/fastify/lib/",
                                                     "node_modules/@nestjs/core/router/",
                                                     "node_modules/@hapi/hapi/lib/",
                                                     "node_modules/connect/index.js"};
    return std::ranges::any_of(places, [&](std::string_view it) { return contains(line, it); });
}

/// Errors by which frameworks tell a client that it has asked for something wrong.
bool is_answer_to_client(const std::string& error) {
    static const std::regex classes{
        R"(^(?:\w*(?:BadRequest|Unauthorized|Forbidden|NotFound|Conflict|Validation|PayloadTooLarge|TooManyRequests|UnprocessableEntity|TokenExpired|JsonWebToken|CSRF|Http|HTTP)\w*Error|SyntaxError|URIError|MulterError|ZodError)\b)"};
    return std::regex_search(error, classes);
}

}  // namespace

bool tells_failed_request(const std::string& line) {
    // Of aiohttp and gunicorn, http.server, Flask, Django, Tornado, Sanic, waitress; Bun, Nest,
    // Nitro, oak; Mojolicious, Rails, puma, Laravel, Symfony; Spring, ASP.NET; gin; Phoenix.
    static const std::regex words{
        R"(\bError handling request\b|\bException occurred during processing of request from |)"
        R"(\bException on /\S* \[[A-Z]+\]|\bInternal Server Error: /|)"
        R"(\bUncaught exception (?:GET|POST|PUT|PATCH|DELETE) |\bException occurred while handling uri: |)"
        R"(\bException (?:while|when) serving /|^(?:GET|POST|PUT|PATCH|DELETE) - \S+ failed$|)"
        R"(\[ExceptionsHandler\]|\[request error\] \[unhandled\]|\[uncaught application error\]|)"
        R"(\b500 Internal Server Error \(\d|\bCompleted 500 Internal Server Error\b|)"
        R"(\bRack app (?:error handling request|\("(?:GET|POST|PUT|PATCH|DELETE) )|)"
        R"(\b(?:local|production)\.(?:ERROR|CRITICAL): |request\.CRITICAL: Uncaught PHP Exception|)"
        R"(Servlet\.service\(\) for servlet .* threw exception|)"
        R"(An unhandled exception has occurred while executing the request|)"
        R"(\[Recovery\] .*panic recovered|\bSent 500 in \d)"};
    return std::regex_search(line, words);
}

bool says_it_goes_on(const std::string& line) {
    constexpr std::array<std::string_view, 13> words{"optional",
                                                     "skip",
                                                     "ignor",
                                                     "fallback",
                                                     "falling back",
                                                     "fall back",
                                                     "disabled",
                                                     "instead",
                                                     "handled",
                                                     "going on without",
                                                     "continuing without",
                                                     "using default",
                                                     "not fatal"};
    return !contains_word(line, "unhandled") &&
           std::ranges::any_of(words, [&](std::string_view it) { return contains_word(line, it); });
}

bool is_database_server(const ServiceFact& service) {
    if (service.words.empty()) return false;
    for (const std::string_view name : {"postgres", "mysqld", "mariadbd", "pg_ctl"}) {
        if (contains(service.words[0], name)) return true;
    }
    return false;
}

bool says_it_goes_on(const Traceback& trace) {
    return says_it_goes_on(trace.head) || says_it_goes_on(trace.preface);
}

bool fails_now(const LogKnowledge& known, const LineFact& line, const Reading& reading) {
    const Picture& picture = reading.picture;
    const bool is_asked = picture.dial("asked") != nullptr;
    if (is_asked || !is_lasting_fault(known) || !is_recent(line.time, picture)) return false;
    if (is_database_server(reading.service) || says_it_goes_on(line.text)) return false;
    const bool is_in_trace = reading.trace && is_of_trace(line, *reading.trace);
    if (is_in_trace && says_it_goes_on(*reading.trace)) return false;
    if (is_in_trace && is_bare(*reading.trace)) return true;
    return std::ranges::any_of(reading.log.lines, [&](const LineFact& it) {
        constexpr double one_request_seconds = 2;
        const double apart = std::abs(seconds_between(it.time, line.time));
        if (apart <= one_request_seconds && tells_failed_request(it.text)) return true;
        return it.text == line.text && is_recent(it.time, picture) &&
               is_other_event(it.time, line.time);
    });
}

bool is_repeated_by_handler(const Traceback& trace, const LogFact& log, const Picture& picture) {
    if (!is_bare(trace) || !is_recent(trace.time, picture)) return false;
    if (is_answer_to_client(trace.error) || says_it_goes_on(trace)) return false;
    const bool is_of_handler = std::ranges::any_of(log.lines, [&](const LineFact& it) {
        return is_of_trace(it, trace) && is_frame_of_handler(it.text);
    });
    return is_of_handler && std::ranges::any_of(log.lines, [&](const LineFact& it) {
               return it.text == trace.head && is_recent(it.time, picture) &&
                      is_other_event(it.time, trace.time);
           });
}

}  // namespace devstack::core::doctor
