#include "devstack/client/connection.hpp"

#include <chrono>

namespace devstack::client {

namespace api = core::api;

namespace {

using namespace std::chrono_literals;

/// For an answer that needs no waiting for anything: the daemon looks and tells.
constexpr auto answer_timeout = 10s;

Result<std::string> get_body(Connection& connection, const std::string& target, Duration timeout) {
    Result<Reply> reply = connection.get(target, timeout);
    if (!reply) return std::move(reply).error();
    Status status = check_reply(*reply);
    if (!status) return std::move(status).error();
    return std::move(reply->body);
}

/// Gets `target` and reads the answer with `parse`.
template <typename T>
Result<T> fetch(Connection& connection,
                const std::string& target,
                Duration timeout,
                Result<T> (*parse)(std::string_view)) {
    const Result<std::string> body = get_body(connection, target, timeout);
    if (!body) return body.error();
    Result<T> message = parse(*body);
    if (!message) {
        return with_context("cannot read the daemon's answer", std::move(message).error());
    }
    return message;
}

Error::Kind kind_of(int status, const std::string& code) {
    if (code == "no-such-service") return Error::Kind::not_found;
    if (code == "shutting-down") return Error::Kind::busy;
    if (code == "not-permitted") return Error::Kind::not_permitted;
    return status < 500 ? Error::Kind::invalid : Error::Kind::system;
}

}  // namespace

Status check_reply(const Reply& reply) {
    if (reply.status < 400) return ok();
    const Result<api::ErrorMessage> error = api::parse_error(reply.body);
    if (!error) {
        return Error{Error::Kind::system,
                     "the daemon answered with status " + std::to_string(reply.status)};
    }
    std::string message = error->message;
    if (!error->hint.empty()) message += "; " + error->hint;
    return Error{kind_of(reply.status, error->code), std::move(message)};
}

Result<api::StateMessage> fetch_state(Connection& connection, const api::StateRequest& request) {
    return fetch(connection, api::render_request(request), answer_timeout, api::parse_state);
}

Result<api::EventsMessage> fetch_events(Connection& connection, const api::EventRequest& request) {
    return fetch(
        connection, api::render_request(request), request.wait + answer_timeout, api::parse_events);
}

Result<api::EventsMessage> fetch_events(Connection& connection,
                                        std::optional<std::uint64_t> after,
                                        Duration wait) {
    api::EventRequest request;
    request.after = after;
    request.wait = wait;
    return fetch_events(connection, request);
}

Result<api::LogsMessage> fetch_logs(Connection& connection, const api::LogRequest& request) {
    return fetch(
        connection, api::render_request(request), request.wait + answer_timeout, api::parse_logs);
}

Result<std::vector<api::ListeningPort>> fetch_ports(Connection& connection,
                                                    std::optional<Port> port) {
    const std::string target = port ? "/v1/ports?port=" + to_string(*port) : "/v1/ports";
    return fetch(connection, target, answer_timeout, api::parse_ports);
}

Result<api::CommandReply> send_command(Connection& connection, const api::CommandRequest& request) {
    Result<Reply> reply = connection.post("/v1/commands", api::to_text(request), answer_timeout);
    if (!reply) return std::move(reply).error();
    Status status = check_reply(*reply);
    if (!status) return std::move(status).error();
    return api::parse_command_reply(reply->body);
}

}  // namespace devstack::client
