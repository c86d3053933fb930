// The URL that somebody asks about.

#include "devstack/base/text.hpp"

#include "core/doctor/error_pages.hpp"
#include "core/doctor/picture.hpp"

#include <algorithm>

namespace devstack::core::doctor {

namespace {

std::string sent_header(const DialFact& dial, std::string_view name) {
    for (const HeaderFact& it : dial.sent) {
        if (contains_word(it.name, name) && it.name.size() == name.size()) return it.value;
    }
    return "";
}

std::string name_of(const DialFact& dial, const ServiceFact* server) {
    return server != nullptr ? server->name : render_endpoint(dial.host, dial.port);
}

std::string one_line(std::string text) {
    std::ranges::replace(text, '\n', ' ');
    return text;
}

/// A proxy adds the header to one that is there already (Fetch Standard, 4.9: it has one value).
bool tell_second_origin(const DialFact& dial,
                        const Picture& picture,
                        std::vector<Finding>& findings) {
    std::vector<std::string> values;
    for (const HeaderFact& it : dial.headers) {
        if (it.name == "access-control-allow-origin") values.push_back(it.value);
    }
    const bool is_list = values.size() == 1 && contains(values.front(), ",");
    if (values.size() < 2 && !is_list) return false;
    const ServiceFact* const server = server_behind(dial, picture);
    Finding finding;
    finding.id = "cors-sent-twice";
    finding.service = server == nullptr ? "" : server->name;
    finding.topic = "cors";
    finding.strength = 80;
    finding.confidence = Confidence::sure;
    finding.what =
        "The answer to " + render_request(dial) +
        " has several values of Access-Control-Allow-Origin (CORS): " + join_for_people(values) +
        "; browsers take one only, and refuse it to pages. A proxy adds the header to "
        "that of the service behind it.";
    finding.evidence = {"GET with Origin: " + sent_header(dial, "Origin") + ": status " +
                        std::to_string(dial.status)};
    finding.fix =
        "let one of them send it: remove add_header Access-Control-Allow-Origin from the proxy "
        "(or proxy_hide_header Access-Control-Allow-Origin)";
    findings.push_back(std::move(finding));
    return true;
}

void look_at_cors(const DialFact& dial, const Picture& picture, std::vector<Finding>& findings) {
    const std::string origin = sent_header(dial, "Origin");
    if (origin.empty() || dial.status == 0) return;
    const std::string own = dial.protocol + "://" + render_endpoint(dial.host, dial.port);
    const std::string allowed = header_of(dial, "access-control-allow-origin");
    if (origin != own && tell_second_origin(dial, picture, findings)) return;
    if (origin == own || allowed == "*" || allowed == origin) return;
    const ServiceFact* const server = server_behind(dial, picture);
    const std::string name = name_of(dial, server);
    std::string variable;
    std::string place;
    if (server != nullptr) {
        for (const VariableFact& it : server->variables) {
            if (!contains(it.name, "CORS") && !contains(it.name, "ORIGIN")) continue;
            variable = it.name;
            place = it.where;
        }
        for (const EnvFileFact& file : picture.facts().env_files) {
            for (const std::string& it : file.example_names) {
                const bool is_about = contains(it, "CORS") || contains(it, "ORIGIN");
                if (!variable.empty() || !is_about || file.service != server->name) continue;
                variable = it;
                place = file.path;
            }
        }
    }
    Finding finding;
    finding.service = server == nullptr ? "" : server->name;
    finding.topic = "cors";
    finding.strength = 80;
    finding.confidence = Confidence::sure;
    finding.id = allowed.empty() ? "cors-missing" : "cors-wrong-origin";
    finding.what =
        allowed.empty()
            ? name +
                  " sends no Access-Control-Allow-Origin header (CORS), so browsers refuse its "
                  "answers to pages of " +
                  origin + "."
            : name + " allows pages of " + allowed +
                  " only (Access-Control-Allow-Origin, CORS), so "
                  "browsers refuse its answers to pages of " +
                  origin + ".";
    finding.evidence = {render_request(dial) + " with Origin: " + origin + ": status " +
                        std::to_string(dial.status) +
                        ", Access-Control-Allow-Origin: " + (allowed.empty() ? "none" : allowed)};
    if (!variable.empty()) {
        const bool is_set = !place.empty() && contains(place, ":");
        finding.evidence.push_back(variable + (is_set ? " is set in " : " is not set in ") + place);
        finding.fix =
            "set " + variable + "=" + origin + " in " + place + ", then devstack restart " + name;
    } else {
        finding.fix = "let " + name + " send Access-Control-Allow-Origin: " + origin;
    }
    findings.push_back(std::move(finding));
}

std::size_t count_events(const std::string& body) {
    std::size_t count = 0;
    for (auto at = body.find("data:"); at != body.npos; at = body.find("data:", at + 1))
        ++count;
    return count;
}

/// Whoever ends a stream on purpose says so (RFC 9112, 7.1: the last chunk).
void look_at_cut(const DialFact& dial, const Picture& picture, std::vector<Finding>& findings) {
    const bool is_stream = contains(header_of(dial, "content-type"), "text/event-stream");
    if (!is_stream || !dial.is_cut_off) return;
    const DialFact* const behind = picture.behind_nginx(dial);
    const ServiceFact* const server = server_behind(dial, picture);
    const std::string from =
        behind == nullptr ? "" : " by way of " + render_endpoint(behind->host, behind->port);
    Finding finding;
    finding.id = "stream-cut";
    finding.service = server == nullptr ? "" : server->name;
    finding.topic = "stream";
    finding.strength = 78;
    finding.what = "The event stream (SSE) " + dial.path + " of " + name_of(dial, server) + from +
                   " breaks off after " + count_of(count_events(dial.body), "event") +
                   ": the connection ends in the middle, without the end of the answer.";
    finding.evidence = {render_request(dial) + ": status " + std::to_string(dial.status) +
                        ", then the connection was closed before the last chunk"};
    finding.fix = "see what " + name_of(dial, server) +
                  " does at that moment (its log; an error in the handler, a destroyed connection, "
                  "a timeout); a client has to connect again with Last-Event-ID";
    findings.push_back(std::move(finding));
}

/// A stream that says itself that it has failed; its status is 200.
void look_at_stream(const DialFact& dial, const Picture& picture, std::vector<Finding>& findings) {
    const bool is_stream = contains(header_of(dial, "content-type"), "text/event-stream");
    const auto at = dial.body.find("event: error");
    if (!is_stream || at == dial.body.npos) return;
    const auto data = dial.body.find("data:", at);
    const std::string said =
        data == dial.body.npos ? ""
                               : dial.body.substr(data + 5, dial.body.find('\n', data) - data - 5);
    const ServiceFact* const server = server_behind(dial, picture);
    Finding finding;
    finding.id = "stream-error-event";
    finding.service = server == nullptr ? "" : server->name;
    finding.topic = "stream";
    finding.strength = 78;
    finding.confidence = Confidence::sure;
    finding.what = "The event stream (SSE) " + dial.path + " at " +
                   render_endpoint(dial.host, dial.port) +
                   " sends an error event (event: error) and ends:" + said + ". Its status is " +
                   std::to_string(dial.status) + ", so only the event tells of the failure.";
    finding.evidence = {render_request(dial) + ": " + one_line(dial.body.substr(at, 200))};
    finding.fix = "look for the error in the log of " + name_of(dial, server) +
                  "; a client must handle error events, and not connect again when they are not "
                  "recoverable";
    findings.push_back(std::move(finding));
}

/// Of what it has said since it was asked, what sounds like trouble.
void add_what_it_said(const ServiceFact& server, const Picture& picture, Finding& finding) {
    constexpr std::size_t lines_max = 2;
    for (const LogFact& log : picture.facts().logs) {
        if (log.service != server.name) continue;
        for (auto line = log.lines.rbegin(); line != log.lines.rend(); ++line) {
            const std::string& text = line->text;
            const bool is_after = seconds_between(picture.facts().time, line->time) >= 0;
            const bool is_trouble = contains_word(text, "error") ||
                                    contains_word(text, "exception") ||
                                    contains_word(text, "fail") || contains_word(text, "denied") ||
                                    contains_word(text, "invalid") || contains_word(text, "warn");
            const bool is_frame = text.starts_with(' ') || text.starts_with('\t');
            if (!is_after || finding.evidence.size() == lines_max) break;
            if (is_trouble && !is_frame) {
                finding.evidence.push_back(render_line(server.name, *line));
            }
        }
    }
}

/// Asked by http what speaks https, or the other way round.
bool tell_scheme(const DialFact& dial, const Picture& picture, std::vector<Finding>& findings) {
    const DialFact* const other = picture.dial("other scheme: " + dial.id);
    const bool is_bad = dial.is_unexpected || !dial.error.empty();
    if (other == nullptr || !is_bad || other->status == 0 || other->status >= 500 ||
        other->status == 400) {
        return false;
    }
    const ServiceFact* const server = server_behind(dial, picture);
    const std::string at = render_endpoint(dial.host, dial.port);
    Finding finding;
    finding.id = "asked-wrong-scheme";
    finding.service = server == nullptr ? "" : server->name;
    finding.topic = "asked";
    finding.strength = 70;
    finding.confidence = Confidence::sure;
    finding.what = at + " speaks " +
                   (other->protocol == "https" ? "https (TLS)" : "plain http, no TLS") + ", and " +
                   dial.protocol + "://" + at + " asks it by " + dial.protocol + ".";
    finding.evidence = {render_request(dial) + ": " + render_outcome(dial),
                        render_request(*other) + ": status " + std::to_string(other->status)};
    finding.fix =
        "ask " + other->protocol + "://" + at + dial.path + ", and let what links there do so";
    findings.push_back(std::move(finding));
    return true;
}

void look_at_answer(const DialFact& dial, const Picture& picture, std::vector<Finding>& findings) {
    if (tell_scheme(dial, picture, findings)) return;
    const ServiceFact* const server = server_behind(dial, picture);
    Finding finding;
    finding.service = server == nullptr ? "" : server->name;
    finding.topic = "asked";
    finding.strength = 24;
    if (dial.stage == "resolve") {
        finding.id = "host-does-not-resolve";
        finding.what = dial.host + " does not resolve on this machine: " + dial.error + ".";
        finding.fix = "correct the host, or add it to /etc/hosts";
        finding.strength = 80;
    } else if (picture.find_blocked(dial) != nullptr) {
        return;
    } else if (dial.stage == "connect") {
        finding.id = "nothing-listens";
        finding.what =
            "Nothing listens on " + render_endpoint(dial.host, dial.port) + ": " + dial.error + ".";
        finding.fix = "start what should listen there";
        // A service of this project has a reason for it.
        if (server == nullptr) finding.strength = 50;
    } else if (!dial.error.empty()) {
        finding.id = "request-fails";
        constexpr double patient_seconds = 5;
        const bool may_be_slow = dial.error == "no answer" && dial.seconds < patient_seconds;
        finding.what = render_request(dial) + " fails: " + render_outcome(dial) + ".";
        finding.fix = "see the log of " + name_of(dial, server);
        if (may_be_slow) {
            finding.is_open = true;
            finding.what = render_request(dial) + " has not been answered within " +
                           seconds_text(dial.seconds) + ".";
            finding.fix += "; devstack doctor --wait tells whether it only takes longer";
        }
    } else if (dial.is_unexpected || is_server_error(dial)) {
        constexpr int unauthorized = 401;
        constexpr int upgrade_required = 426;
        const DialFact* const upgraded = picture.dial("websocket: asked");
        // A WebSocket, which is no page; it does what it is for.
        if (dial.status == upgrade_required && upgraded != nullptr && upgraded->status == 101) {
            return;
        }
        finding.id = "request-answered-badly";
        finding.what = render_request(dial) + " is answered with " + render_outcome(dial) + ".";
        const bool has_shown =
            !sent_header(dial, "Authorization").empty() || !sent_header(dial, "Cookie").empty();
        finding.fix =
            dial.status == unauthorized && !has_shown
                ? "it wants a log-in: ask with -H \"Authorization: …\" or -H \"Cookie: …\""
                : "see the log of " + name_of(dial, server);
        if (server != nullptr) add_what_it_said(*server, picture, finding);
    } else {
        return;
    }
    findings.push_back(std::move(finding));
}

}  // namespace

void find_request_troubles(const Picture& picture, std::vector<Finding>& findings) {
    const DialFact* const asked = picture.dial("asked");
    if (asked != nullptr) {
        look_at_cors(*asked, picture, findings);
        look_at_stream(*asked, picture, findings);
        look_at_cut(*asked, picture, findings);
        look_at_answer(*asked, picture, findings);
        explain_silent_page(*asked, picture, findings);
    }
    const SubjectFact& subject = picture.facts().subject;
    if (subject.kind != "port" || !picture.listeners_on(subject.port).empty()) return;
    Finding finding;
    finding.id = "nothing-listens";
    finding.topic = "asked";
    finding.strength = 50;
    finding.confidence = Confidence::sure;
    const ServiceFact* const owner = picture.owner_of(subject.port);
    finding.service = owner == nullptr ? "" : owner->name;
    finding.what = "Nothing listens on port " + std::to_string(subject.port) + ".";
    finding.fix =
        owner == nullptr ? "start what should listen there" : "devstack start " + owner->name;
    findings.push_back(std::move(finding));
}

}  // namespace devstack::core::doctor
