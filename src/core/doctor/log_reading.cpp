// Whose words the lines of a log are, and the errors that their traces tell.

#include "core/doctor/log_reading.hpp"

#include "core/doctor/failed_requests.hpp"
#include "core/doctor/trace_meaning.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace devstack::core::doctor {

namespace {

/// One of several programs of a service has failed at its start: nobody listens on its port.
bool has_failed_at_start(const ServiceFact& service,
                         const Traceback& trace,
                         const Picture& picture) {
    constexpr double start_seconds = 10;
    const double age = picture.seconds_since(trace.time);
    return picture.silent_port(service) != 0 && std::isfinite(age) &&
           age >= service.uptime_seconds - start_seconds && !says_it_goes_on(trace);
}

/// A program may write down errors that it has handled. That a request was answered with 500, or
/// not at all, tells that this one was not.
bool has_failed_request(const ServiceFact& service,
                        const LogFact& log,
                        const Traceback& trace,
                        const Picture& picture) {
    constexpr double recent_seconds = 120;
    const DialFact* const asked = picture.dial("asked");
    if (asked != nullptr && is_server_error(*asked)) return true;
    if (asked == nullptr && has_failed_at_start(service, trace, picture)) return true;
    const bool is_recent = picture.seconds_since(trace.time) <= recent_seconds;
    // One that gets no answer may only be slow: then it is what it has made the service say.
    const bool is_since = seconds_between(picture.facts().time, trace.time) >= 0;
    const bool is_cut_off = asked != nullptr && asked->status == 0 && !asked->error.empty() &&
                            asked->stage != "connect" && picture.is_suspect(service) &&
                            (asked->error != "no answer" || is_since);
    if (is_cut_off && is_recent) return true;
    // Of a service that is well nobody wants to know what it has failed by hours ago.
    const double age = picture.seconds_since(trace.time);
    const bool is_past = asked == nullptr && std::isfinite(age) && age > recent_seconds;
    if (is_past && picture.is_well(service)) return false;
    if (asked == nullptr && is_repeated_by_handler(trace, log, picture)) return true;
    return std::ranges::any_of(log.lines, [&](const LineFact& it) {
        const bool is_request = contains(it.text, "GET ") || contains(it.text, "POST ") ||
                                contains(it.text, "PUT ") || contains(it.text, "PATCH ") ||
                                contains(it.text, "DELETE ");
        return (is_request && (contains(it.text, " 500") || contains(it.text, "[500]"))) ||
               contains(it.text, "Exception in ASGI application") ||
               ((tells_server_error_in_json(it.text) ||
                 (is_recent && tells_failed_request(it.text))) &&
                is_of_trace(it, trace)) ||
               (is_recent &&
                (contains(it.text, "http: panic serving ") || contains(it.text, " panicked at ") ||
                 contains(it.text, "PHP Fatal error:  Uncaught ")));
    });
}

bool is_syntax_error(const Traceback& trace) {
    return !trace.file.empty() &&
           ((contains(trace.error, "SyntaxError") && !contains(trace.error, "JSON")) ||
            contains(trace.error, "IndentationError") || contains(trace.error, "TabError"));
}

/// What it has written is what it ended by; it may run anew.
bool is_why_it_ended(const Traceback& trace, const ServiceFact& service, const Picture& picture) {
    const bool is_signal = end_signal(service.exit_code, service.exit_signal) != 0;
    const bool is_over = service.pid == 0 || picture.has_just_failed(service);
    return trace.is_end || (is_over && service.has_exited && is_signal);
}

int strength_of(const Traceback& trace, const ServiceFact& service, const Picture& picture) {
    if (is_syntax_error(trace)) return 68;
    if (is_about_connections(trace.error)) return 35;
    // Above that it has crashed, which is what it does then.
    if (is_why_it_ended(trace, service, picture)) return 66;
    return trace.file.empty() ? 55 : 57;
}

/// What the trace says is known, and told.
bool is_told(const Traceback& trace,
             const Finding& finding,
             const Picture& picture,
             const std::vector<Finding>& findings) {
    const std::string place = "it happens in " + render_place(trace, picture);
    const auto tells = [&](const std::string& it) {
        return contains(it, trace.error) || (!trace.file.empty() && it.starts_with(place));
    };
    return std::ranges::any_of(findings, [&](const Finding& it) {
        return it.service == finding.service &&
               (it.topic == "traceback" ||
                (it.strength >= finding.strength && std::ranges::any_of(it.evidence, tells)));
    });
}

/// Node.js says which it is when it ends by an error.
bool has_ended_node(const Traceback& trace, const ServiceFact& service, const Picture& picture) {
    if (!picture.has_just_failed(service) || !service.has_been_ready) return false;
    const LineFact* const line = picture.find_line(
        service.name, [](const std::string& it) { return it.starts_with("Node.js v"); });
    return line != nullptr && is_of_trace(*line, trace) && !trace.file.empty();
}

void describe(const Traceback& trace,
              const ServiceFact& service,
              const Picture& picture,
              Finding& finding) {
    const std::string where = in_place(trace, picture);
    if (has_ended_node(trace, service, picture) && !is_syntax_error(trace)) {
        finding.id = "ended-by-exception";
        finding.what = service.name + " as a whole is ended by an error that nobody handles" +
                       where + ", and is started again: " + trace.error + ".";
        finding.fix =
            "see " + render_place(trace, picture) +
            "; a promise that is rejected, and that nobody catches, ends Node.js (Express 4 "
            "catches none of its handlers: try/catch, or express-async-errors)";
        return;
    }
    if (is_syntax_error(trace)) {
        finding.id = "syntax-error";
        finding.confidence = Confidence::sure;
        finding.what = picture.shown(trace.file) + " line " + std::to_string(trace.line) + " of " +
                       service.name + " has a syntax error: " + trace.error + ".";
    } else if (service.pid == 0 || is_why_it_ended(trace, service, picture) ||
               (picture.is_troubled(service) && !service.has_been_ready)) {
        finding.id = "ended-by-exception";
        finding.what = service.name + " is ended by an error that nobody handles" + where + ": " +
                       trace.error + ".";
    } else if (has_failed_at_start(service, trace, picture)) {
        finding.id = "ended-by-exception";
        finding.what = "Nobody listens on port " + std::to_string(picture.silent_port(service)) +
                       ", which " + service.name +
                       " declares: a program of it has failed at its "
                       "start" +
                       where + ": " + trace.error + ".";
    } else {
        finding.id = "unhandled-exception";
        finding.what = "A request to " + service.name + " fails by an error that nobody handles" +
                       where + ": " + trace.error + ".";
    }
    if (finding.what.ends_with("..")) finding.what.pop_back();
    finding.fix = "see " + (trace.file.empty() ? "devstack logs " + service.name
                                               : render_place(trace, picture));
}

}  // namespace

Teller teller_of(const ServiceFact& writer, const std::string& line, const Picture& picture) {
    // That there is no such script is its own mistake.
    const bool is_php =
        contains(line, "FastCGI sent in stderr") && !contains(line, "Primary script unknown");
    if (!is_php) return {&writer, writer.name};
    const ServiceFact* php = nullptr;
    for (const ServiceFact& it : picture.facts().services) {
        const bool is_fpm = std::ranges::any_of(
            it.words, [](const std::string& word) { return base_of(word).starts_with("php-fpm"); });
        if (is_fpm && (php == nullptr || picture.is_linked(writer, it))) php = &it;
    }
    if (php == nullptr) return {&writer, "PHP behind " + writer.name};
    return {php, php->name};
}

std::string render_place(const Traceback& trace, const Picture& picture) {
    return picture.shown(trace.file) + ":" + std::to_string(trace.line);
}

std::string in_place(const Traceback& trace, const Picture& picture) {
    if (trace.file.empty()) return "";
    const bool has_name = !trace.function.empty() && trace.function != "<module>";
    return " in " + picture.shown(trace.file) + " line " + std::to_string(trace.line) +
           (has_name ? " (" + trace.function + ")" : "");
}

bool is_of_trace(const LineFact& line, const Traceback& trace) {
    constexpr double one_event_seconds = 2;
    return line.time == trace.time ||
           std::abs(seconds_between(line.time, trace.time)) <= one_event_seconds;
}

bool is_about_connections(const std::string& error) {
    // "FileNotFoundException" has ENOTFOUND in it, in other cases.
    constexpr std::array<std::string_view, 6> codes{
        "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EPIPE", "ENOTFOUND", "EAI_AGAIN"};
    constexpr std::array<std::string_view, 11> words{"aborted",
                                                     "ConnectionRefused",
                                                     "ConnectionReset",
                                                     "BrokenPipe",
                                                     "CancelledError",
                                                     "KeyboardInterrupt",
                                                     "SystemExit",
                                                     "Connection refused",
                                                     "AbortError",
                                                     "not connected",
                                                     "timeout"};
    return std::ranges::any_of(codes, [&](std::string_view it) { return contains(error, it); }) ||
           std::ranges::any_of(words,
                               [&](std::string_view it) { return contains_word(error, it); });
}

bool has_failed_a_request(const ServiceFact& service,
                          const LogFact& log,
                          const Traceback& trace,
                          const Picture& picture) {
    return !is_about_connections(trace.error) && has_failed_request(service, log, trace, picture);
}

void read_traceback(const Reading& reading, std::vector<Finding>& findings) {
    const LogFact& log = reading.log;
    const Picture& picture = reading.picture;
    if (!reading.trace) return;
    const Traceback& trace = *reading.trace;
    const bool is_syntax = is_syntax_error(trace);
    // A server that reloads itself stays there, without what it could not load.
    const bool is_left_out = is_syntax && contains(log.lines.back().text, trace.error);
    if (picture.is_well(reading.service) && !reading.is_unhandled && !is_left_out) return;
    const auto says = [&](const std::string& words) {
        return std::ranges::find_if(log.lines, [&](const LineFact& it) {
            return it.time == trace.time && contains(it.text, words);
        });
    };
    auto line = says(trace.error);
    if (line == log.lines.end()) {
        line = std::ranges::find_if(log.lines, [&](const LineFact& it) {
            return is_of_trace(it, trace) && contains(it.text, trace.error);
        });
    }
    if (line == log.lines.end()) line = says(trace.head);
    const std::string text = line == log.lines.end() ? "" : line->text;
    const ServiceFact& service = *teller_of(reading.service, text, picture).service;
    const bool is_over = service.pid == 0 || trace.is_end || !service.has_been_ready;
    if (trace.file.empty() && !is_over && !reading.is_unhandled) return;
    Finding finding;
    finding.service = service.name;
    finding.topic = is_why_it_ended(trace, service, picture) ? "end" : "traceback";
    finding.strength = strength_of(trace, service, picture);
    describe(trace, service, picture, finding);
    tell_meaning(reading, service, finding);
    if (line != log.lines.end()) {
        finding.evidence.push_back(render_line(reading.service.name, *line));
    }
    if (!is_syntax && is_told(trace, finding, picture, findings)) return;
    if (!trace.code.empty()) {
        finding.evidence.push_back(picture.shown(trace.file) + ": " + trace.code);
    }
    findings.push_back(std::move(finding));
}

}  // namespace devstack::core::doctor
