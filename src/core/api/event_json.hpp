#pragma once

#include "devstack/core/api/messages.hpp"

#include "core/api/json_reader.hpp"
#include "core/api/json_writer.hpp"

namespace devstack::core::api {

void write(JsonWriter& json, const EventMessage& event);

template <>
const Shape& shape_of<EventMessage>();

}  // namespace devstack::core::api
