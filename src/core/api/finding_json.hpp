#pragma once

#include "devstack/core/api/diagnosis_message.hpp"

#include "core/api/json_reader.hpp"
#include "core/api/json_writer.hpp"

namespace devstack::core::api {

void write(JsonWriter& json, const FindingMessage& finding);

template <>
const Shape& shape_of<FindingMessage>();

}  // namespace devstack::core::api
