#include "devstack/core/api/sse.hpp"

#include "core/api/json_writer.hpp"

#include <chrono>
#include <string_view>

namespace devstack::core::api {

namespace {

void add_line(std::string& text, std::string_view field, std::string_view content) {
    text += field;
    text += ": ";
    text += content;
    text += '\n';
}

/// Without its end; what follows is left in `rest`.
std::string_view take_line(std::string_view& rest, bool& is_last) {
    const std::size_t end = rest.find_first_of("\r\n");
    const std::string_view line = rest.substr(0, end);
    is_last = end == std::string_view::npos;
    if (is_last) return line;
    rest.remove_prefix(rest.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
    return line;
}

}  // namespace

std::string to_sse(const SseMessage& message) {
    std::string text;
    text.reserve(message.data.size() + message.id.size() + message.event.size() + 32);
    if (!message.event.empty()) add_line(text, "event", message.event);
    if (!message.id.empty()) add_line(text, "id", message.id);
    std::string_view rest{message.data};
    for (bool is_last = false; !is_last;) {
        const std::string_view line = take_line(rest, is_last);
        add_line(text, "data", line);
    }
    text += '\n';
    return text;
}

std::string to_sse_retry(Duration delay) {
    const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(delay);
    return "retry: " + std::to_string(time.count()) + "\n\n";
}

std::string sse_heartbeat() {
    return ": heartbeat\n\n";
}

std::string to_text(const StreamInit& message) {
    JsonWriter json;
    json.begin_object();
    json.field("version", message.version);
    json.field("project", message.project);
    json.field("daemon_pid", message.daemon_pid);
    if (!message.resumed_after.empty()) json.field("resumed_after", message.resumed_after);
    json.field("heartbeat_seconds", message.heartbeat_seconds);
    json.end_object();
    return json.take();
}

std::string to_text(const StreamError& message) {
    JsonWriter json;
    json.begin_object();
    json.field("type", message.type);
    json.field("severity", message.severity);
    json.field("message", message.message);
    json.field("code", message.code);
    json.field("recoverable", message.recoverable);
    json.end_object();
    return json.take();
}

std::string to_text(const EventGap& message) {
    JsonWriter json;
    json.begin_object();
    json.field("lost", message.lost);
    json.end_object();
    return json.take();
}

std::string to_text(const StreamDone& message) {
    JsonWriter json;
    json.begin_object();
    json.field("why", message.why);
    json.end_object();
    return json.take();
}

}  // namespace devstack::core::api
