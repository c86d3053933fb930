#pragma once

#include "core/doctor/log_knowledge.hpp"
#include "core/doctor/log_reading.hpp"

namespace devstack::core::doctor {

/// What the lines before and after one tell of it.

/// The same was said before, and both not long ago.
bool is_said_again(const LogKnowledge& known, const LineFact& line, const Reading& reading);
/// A state that lasts until the log says that it is over, however long ago it began.
bool is_state(const LogKnowledge& known);
/// A later line says that it is over, or another service tells it better.
bool is_taken_back(const LogKnowledge& known, const LineFact& line, const Reading& reading);

}  // namespace devstack::core::doctor
