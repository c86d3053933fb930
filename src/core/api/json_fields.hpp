#pragma once

#include "core/api/json_reader.hpp"
#include "core/api/json_writer.hpp"

// Writes a struct by the same table that it is read by. For messages of which each has many fields
// and few have a value: what is empty, false or zero is left out, since reading puts that there.
namespace devstack::core::api {

void write_object(JsonWriter& json, const Shape& shape, const void* object);

template <typename T>
void write_fields(JsonWriter& json, const T& object) {
    write_object(json, shape_of<T>(), &object);
}

}  // namespace devstack::core::api
