#include "daemon/control_api.hpp"

#include "devstack/base/text.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/platform/clock.hpp"

#include "daemon/dashboard_page.hpp"

#include <algorithm>
#include <utility>

namespace devstack::daemon {

namespace api = core::api;
namespace limits = core::limits;

namespace {

ControlReply failure(int status, const api::ErrorMessage& message) {
    return {status, api::to_text(message)};
}

ControlReply bad_request(const std::string& message) {
    return failure(400, {"bad-request", message, ""});
}

/// The first cursor of a reader that wants only what is new must not miss what comes before it asks
/// again: an answer without lines still names its position.
bool tells_something(const project::LogAnswer& answer) {
    return !answer.lines.empty() || !answer.gaps.empty() || !answer.is_complete;
}

bool wants_stream(const ControlRequest& request) {
    return request.accept.find("text/event-stream") != std::string::npos;
}

/// A client that comes again says in the header what it has had, while its URL stays as it was.
api::Parameters with_last_event_id(const ControlRequest& request) {
    api::Parameters parameters = request.parameters;
    if (request.last_event_id.empty() || !wants_stream(request)) return parameters;
    std::erase_if(parameters, [](const auto& it) { return it.first == "after"; });
    parameters.emplace_back("after", request.last_event_id);
    return parameters;
}

}  // namespace

ControlApi::ControlApi(boost::asio::io_context& loop,
                       ControlSource& source,
                       std::string state_dir,
                       std::string log_dir)
    : loop_{loop},
      source_{source},
      state_dir_{std::move(state_dir)},
      log_dir_{std::move(log_dir)},
      streams_{loop, source, state_dir_, log_dir_} {}

void ControlApi::handle(const ControlRequest& request,
                        std::function<void(ControlReply)> reply,
                        std::function<bool()> is_alive) {
    source_.was_asked();
    if (request.method == "GET" && request.path == "/v1/events") {
        return events(request, std::move(reply), std::move(is_alive));
    }
    if (request.method == "GET" && request.path == "/v1/logs") {
        return logs(request, std::move(reply), std::move(is_alive));
    }
    if (request.method == "GET" && request.path == "/v1/doctor") {
        return doctor(request, std::move(reply), std::move(is_alive));
    }
    reply(route(request));
}

ControlReply ControlApi::route(const ControlRequest& request) {
    const bool is_get = request.method == "GET";
    if (is_get && request.path == "/v1/state") {
        const Result<api::StateRequest> wish = api::parse_state_request(request.parameters);
        if (!wish) return bad_request(wish.error().message);
        return {200, api::to_text(source_.state(*wish), wish->detail)};
    }
    if (is_get && request.path == "/v1/ports") return ports(request);
    if (is_get && request.path == "/v1/probes") return probes(request);
    if (is_get && request.path == "/v1/crashes") return crashes(request);
    if (is_get) {
        if (auto page = dashboard_reply(request.path)) return std::move(*page);
    }
    if (is_get && request.path == "/metrics") return metrics(request);
    if (is_get && request.path == "/healthz") return {200, "ok\n", "text/plain"};
    if (request.method == "POST" && request.path == "/v1/commands") return command(request);
    for (const char* known : {"/v1/state",
                              "/v1/events",
                              "/v1/logs",
                              "/v1/ports",
                              "/v1/probes",
                              "/v1/crashes",
                              "/v1/doctor",
                              "/",
                              "/metrics",
                              "/healthz",
                              "/v1/commands"}) {
        if (request.path == known) {
            return failure(
                405,
                {"method-not-allowed", request.path + " does not answer to " + request.method, ""});
        }
    }
    return failure(
        404,
        {"not-found",
         "there is nothing at " + request.path,
         "GET /v1/state, /v1/events, /v1/logs, /v1/ports, /v1/probes, /v1/crashes, /v1/doctor, "
         "/metrics, /healthz; POST /v1/commands"});
}

ControlReply ControlApi::metrics(const ControlRequest& request) {
    const api::StateMessage state = source_.state({true});
    api::MetricsMessage metrics = source_.metrics(state);
    metrics.stream_clients = streams_.count_clients();
    metrics.stream_gaps = streams_.gaps();
    const api::MetricsFormat format = api::choose_metrics_format(request.accept);
    return {200, api::render_metrics(state, metrics, format), api::content_type_of(format)};
}

ControlReply ControlApi::command(const ControlRequest& request) {
    const Result<api::CommandRequest> wish = api::parse_command_request(request.body);
    if (!wish) return bad_request(wish.error().message);
    if (auto unknown = find_unknown(wish->services)) return *unknown;
    // Who has the token may act on services, not choose what this user executes.
    if (wish->command == "upgrade" && request.is_guarded) {
        return failure(403, {"not-permitted", "upgrade is served on the Unix socket alone", ""});
    }
    const Result<api::CommandReply> reply = source_.submit(*wish);
    if (reply) return {202, api::to_text(*reply)};
    const std::string& why = reply.error().message;
    const Error::Kind kind = reply.error().kind;
    if (kind == Error::Kind::busy) return failure(409, {"shutting-down", why, ""});
    if (kind == Error::Kind::system) return failure(500, {"internal", why, ""});
    return failure(400, {wish->command == "reload" ? "bad-profile" : "bad-request", why, ""});
}

std::optional<ControlReply> ControlApi::find_unknown(
    const std::vector<std::string>& services) const {
    const std::vector<std::string> known = source_.service_names();
    for (const std::string& name : services) {
        if (std::ranges::find(known, name) != known.end()) continue;
        return failure(404,
                       {"no-such-service",
                        "there is no service or task " + name + did_you_mean(name, known),
                        "known are " + join_for_people(known)});
    }
    return std::nullopt;
}

// ---- What can wait -----------------------------------------------------------------------------

void ControlApi::events(const ControlRequest& request,
                        std::function<void(ControlReply)> reply,
                        std::function<bool()> is_alive) {
    Result<api::EventRequest> wish = api::parse_event_request(with_last_event_id(request));
    if (!wish) return reply(bad_request(wish.error().message));
    if (auto unknown = find_unknown(wish->services)) return reply(*unknown);
    // Of another journal: everything in this one is new.
    if (wish->after > source_.last_event()) wish->after = 0;
    if (wants_stream(request)) {
        project::EventQuery query;
        query.after = wish->after;
        query.tail = wish->tail;
        query.services = wish->services;
        return reply(stream([&] { return streams_.open_events(query); }));
    }
    auto wait = std::make_shared<Wait>(loop_);
    wait->attempt = [this, asked = *wish](bool is_last) { return attempt_events(asked, is_last); };
    wait->reply = std::move(reply);
    wait->is_alive = std::move(is_alive);
    begin_wait(wait, wish->wait);
}

ControlApi::Attempt ControlApi::attempt_events(const api::EventRequest& request,
                                               bool is_last) const {
    project::EventQuery query;
    query.after = request.after;
    query.tail = request.tail;
    query.services = request.services;
    query.events_max =
        std::min(request.limit.value_or(limits::answer_entries_max), limits::answer_entries_max);
    Result<project::EventAnswer> answer = project::read_events(state_dir_, query);
    if (!answer) return {failure(500, {"internal", answer.error().message, ""}), {}};
    if (answer->events.empty() && answer->lost == 0 && !is_last) return {};
    return {ControlReply{
                200,
                api::to_text(api::EventsMessage{
                    std::move(answer->events), answer->cursor, answer->is_complete, answer->lost})},
            {}};
}

void ControlApi::doctor(const ControlRequest& request,
                        std::function<void(ControlReply)> reply,
                        std::function<bool()> is_alive) {
    const std::string service{request.parameter("service")};
    if (!service.empty()) {
        if (auto unknown = find_unknown({service})) return reply(*unknown);
    }
    source_.diagnose(
        service,
        [reply = std::move(reply),
         is_alive = std::move(is_alive)](const Result<api::DiagnosisMessage>& answer) {
            if (!is_alive()) return;
            if (answer) return reply({200, api::to_text(*answer)});
            const bool is_busy = answer.error().kind == Error::Kind::busy;
            reply(failure(is_busy ? 503 : 500,
                          {is_busy ? "busy" : "internal", answer.error().message, ""}));
        });
}

void ControlApi::logs(const ControlRequest& request,
                      std::function<void(ControlReply)> reply,
                      std::function<bool()> is_alive) {
    const Result<api::LogRequest> wish =
        api::parse_log_request(with_last_event_id(request), platform::wall_now());
    if (!wish) return reply(bad_request(wish.error().message));
    if (auto unknown = find_unknown(wish->services)) return reply(*unknown);
    project::LogQuery query;
    query.services = wish->services.empty() ? source_.service_names() : wish->services;
    query.after = wish->after;
    query.tail = wish->tail;
    query.since = wish->since;
    query.until = wish->until;
    query.stream = wish->stream;
    query.pattern = wish->pattern;
    if (wants_stream(request)) {
        return reply(stream([&] { return streams_.open_logs(query, wish->services.empty()); }));
    }
    query.lines_max =
        std::min(wish->limit.value_or(limits::answer_entries_max), limits::answer_entries_max);
    query.bytes_max = limits::answer_bytes_max;
    auto wait = std::make_shared<Wait>(loop_);
    wait->is_for_logs = true;
    wait->services = query.services;
    wait->attempt = [this, query](bool is_last) mutable { return attempt_logs(query, is_last); };
    wait->reply = std::move(reply);
    wait->is_alive = std::move(is_alive);
    begin_wait(wait, wish->wait);
}

/// What has been looked at in vain is not looked at again: `query` moves on.
ControlApi::Attempt ControlApi::attempt_logs(project::LogQuery& query, bool is_last) const {
    query.now = platform::wall_now();
    query.secrets = source_.secrets();
    Result<project::LogAnswer> answer = project::read_logs(log_dir_, query);
    if (!answer) return {bad_request(answer.error().message), {}};
    if (!tells_something(*answer) && !is_last) {
        query.after = answer->cursor;
        query.tail.reset();
        return {std::nullopt, answer->unfinished_in};
    }
    return {ControlReply{200,
                         api::to_text(api::LogsMessage{std::move(answer->lines),
                                                       std::move(answer->gaps),
                                                       answer->cursor.text(),
                                                       answer->is_complete})},
            {}};
}

ControlReply ControlApi::stream(const std::function<ControlReply()>& open) {
    if (!streams_.is_full()) return open();
    return failure(503,
                   {"too-many-streams",
                    "there are " + std::to_string(limits::streams_max) +
                        " streams already, which is as many as there may be",
                    ""});
}

// ---- Waiting -----------------------------------------------------------------------------------

void ControlApi::begin_wait(const std::shared_ptr<Wait>& wait, Duration duration) {
    const bool is_last = duration <= Duration::zero();
    Attempt first = wait->attempt(is_last);
    if (first.reply) return wait->reply(std::move(*first.reply));
    wait->deadline = platform::now() + std::min<Duration>(duration, limits::long_poll_max);
    waits_.push_back(wait);
    arm(wait, first.again_in);
}

void ControlApi::arm(const std::shared_ptr<Wait>& wait, std::optional<Duration> again_in) {
    const TimePoint soon = again_in ? platform::now() + *again_in : wait->deadline;
    const bool is_last = soon >= wait->deadline;
    wait->timer.expires_at(std::min(soon, wait->deadline));
    wait->timer.async_wait([this, wait, is_last](boost::system::error_code error) {
        if (!error) try_again(wait, is_last);
    });
}

void ControlApi::try_again(const std::shared_ptr<Wait>& wait, bool is_last) {
    if (wait->is_over) return;
    if (wait->is_alive()) {
        Attempt attempt = wait->attempt(is_last);
        if (!attempt.reply) return arm(wait, attempt.again_in);
        wait->reply(std::move(*attempt.reply));
    }
    wait->is_over = true;
    wait->timer.cancel();
    waits_.remove(wait);
}

void ControlApi::events_grown() {
    streams_.events_grown();
    const auto waiting = waits_;
    for (const auto& wait : waiting) {
        if (!wait->is_for_logs) try_again(wait, false);
    }
}

void ControlApi::log_grown(const std::string& service) {
    streams_.log_grown(service);
    const auto waiting = waits_;
    for (const auto& wait : waiting) {
        const bool concerns =
            wait->is_for_logs && std::ranges::find(wait->services, service) != wait->services.end();
        if (concerns) try_again(wait, false);
    }
}

void ControlApi::release_all() {
    const auto waiting = waits_;
    for (const auto& wait : waiting)
        try_again(wait, true);
}

void ControlApi::close() {
    release_all();
    streams_.finish_all();
}

}  // namespace devstack::daemon
