#pragma once

#include "core/doctor/log_reading.hpp"

namespace devstack::core::doctor {

/// What the error of the trace means, where it has one cause only: changes the finding that tells
/// it as an error of the program, and what there is to do.
void tell_meaning(const Reading& reading, const ServiceFact& service, Finding& finding);

}  // namespace devstack::core::doctor
