#include "core/api/event_json.hpp"

namespace devstack::core::api {

void write(JsonWriter& json, const EventMessage& event) {
    json.begin_object();
    json.field("sequence", event.sequence);
    json.field("time", event.time);
    json.field("kind", event.kind);
    if (!event.service.empty()) json.field("service", event.service);
    if (event.run != 0) json.field("run", event.run);
    if (!event.from.empty()) json.field("from", event.from);
    if (!event.to.empty()) json.field("to", event.to);
    json.field("why", event.why);
    json.end_object();
}

template <>
const Shape& shape_of<EventMessage>() {
    static constexpr Field fields[] = {
        {"sequence", slot<&EventMessage::sequence>, true},
        {"time", slot<&EventMessage::time>, true},
        {"kind", slot<&EventMessage::kind>, true},
        {"service", slot<&EventMessage::service>},
        {"run", slot<&EventMessage::run>},
        {"from", slot<&EventMessage::from>},
        {"to", slot<&EventMessage::to>},
        {"why", slot<&EventMessage::why>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<EventsMessage>() {
    static constexpr Field fields[] = {
        {"events", slot<&EventsMessage::events>, true},
        {"cursor", slot<&EventsMessage::cursor>, true},
        {"complete", slot<&EventsMessage::is_complete>},
        {"lost", slot<&EventsMessage::lost>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

std::string to_text(const EventMessage& message) {
    JsonWriter json;
    write(json, message);
    return json.take();
}

std::string to_text(const EventsMessage& message) {
    JsonWriter json;
    json.begin_object();
    json.key("events");
    json.begin_list();
    for (const EventMessage& event : message.events)
        write(json, event);
    json.end_list();
    json.field("cursor", message.cursor);
    json.field("complete", message.is_complete);
    json.field("lost", message.lost);
    json.end_object();
    return json.take();
}

Result<EventMessage> parse_event(std::string_view text) {
    return read_json<EventMessage>(text);
}

Result<EventsMessage> parse_events(std::string_view text) {
    return read_json<EventsMessage>(text);
}

}  // namespace devstack::core::api
