#include "devstack/core/api/messages.hpp"

#include "core/api/json_reader.hpp"
#include "core/api/json_writer.hpp"

namespace devstack::core::api {

template <>
const Shape& shape_of<CommandRequest>() {
    static constexpr Field fields[] = {
        {"command", slot<&CommandRequest::command>, true},
        {"services", slot<&CommandRequest::services>},
        {"signal", slot<&CommandRequest::signal>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<CommandReply>() {
    static constexpr Field fields[] = {{"cursor", slot<&CommandReply::cursor>, true}};
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<ErrorMessage>() {
    static constexpr Field fields[] = {
        {"code", slot<&ErrorMessage::code>, true},
        {"message", slot<&ErrorMessage::message>, true},
        {"hint", slot<&ErrorMessage::hint>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

std::string to_text(const CommandRequest& message) {
    JsonWriter json;
    json.begin_object();
    json.field("command", message.command);
    json.field("services", message.services);
    if (message.signal != 0) json.field("signal", message.signal);
    json.end_object();
    return json.take();
}

std::string to_text(const CommandReply& message) {
    JsonWriter json;
    json.begin_object();
    json.field("cursor", message.cursor);
    json.end_object();
    return json.take();
}

std::string to_text(const ErrorMessage& message) {
    JsonWriter json;
    json.begin_object();
    json.field("code", message.code);
    json.field("message", message.message);
    if (!message.hint.empty()) json.field("hint", message.hint);
    json.end_object();
    return json.take();
}

std::string to_text(const std::vector<Diagnostic>& diagnostics) {
    JsonWriter json;
    json.begin_list();
    for (const Diagnostic& it : diagnostics) {
        json.begin_object();
        json.field("code", it.code);
        json.field("severity", it.severity == Diagnostic::Severity::error ? "error" : "warning");
        json.field("message", it.message);
        json.field("file", it.where.file);
        json.field("line", it.where.line);
        json.field("column", it.where.column);
        json.field("line_text", it.line_text);
        json.field("hint", it.hint);
        json.end_object();
    }
    json.end_list();
    return json.take();
}

Result<CommandRequest> parse_command_request(std::string_view text) {
    return read_json<CommandRequest>(text);
}

Result<CommandReply> parse_command_reply(std::string_view text) {
    return read_json<CommandReply>(text);
}

Result<ErrorMessage> parse_error(std::string_view text) {
    return read_json<ErrorMessage>(text);
}

}  // namespace devstack::core::api
