#pragma once

#include "core/doctor/picture.hpp"

namespace devstack::core::doctor {

/// Of an answer that is the page by which a framework hides its error, when the log does not tell
/// it either: where it is, or how it is made to tell. Changes the fix of what is told of the
/// request.
void explain_silent_page(const DialFact& asked,
                         const Picture& picture,
                         std::vector<Finding>& findings);

}  // namespace devstack::core::doctor
