#include "core/api/json_fields.hpp"

#include "devstack/base/match.hpp"

namespace devstack::core::api {

namespace {

template <typename Value>
void write_unless_default(JsonWriter& json, std::string_view name, const Value& value) {
    if (value != Value{}) json.field(name, value);
}

void write_list(JsonWriter& json, std::string_view name, const ListSlot& list) {
    void* const owner = list.element.owner;
    const std::size_t size = list.size(owner);
    if (size == 0) return;
    json.key(name);
    json.begin_list();
    for (std::size_t i = 0; i < size; ++i)
        write_object(json, *list.element.shape, list.at(owner, i));
    json.end_list();
}

}  // namespace

void write_object(JsonWriter& json, const Shape& shape, const void* object) {
    json.begin_object();
    for (const Field& field : shape.fields) {
        // A slot is for filling; here it is only looked into.
        const Slot slot = field.slot(const_cast<void*>(object));
        match(
            slot,
            [](SkipSlot) {},
            [&](const ObjectSlot& it) {
                json.key(field.name);
                write_object(json, *it.shape, it.owner);
            },
            [&](const ListSlot& it) { write_list(json, field.name, it); },
            [&](const auto* value) { write_unless_default(json, field.name, *value); });
    }
    json.end_object();
}

}  // namespace devstack::core::api
