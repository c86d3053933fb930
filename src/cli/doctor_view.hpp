#pragma once

#include "devstack/cli/terminal.hpp"
#include "devstack/core/doctor/finding.hpp"

#include <string>

namespace devstack::cli {

/// Root causes first, each with its evidence, what it explains and how to mend it; or "nothing
/// wrong". Ends with a newline.
std::string render_diagnosis(const core::doctor::Diagnosis& diagnosis, const Terminal& terminal);

}  // namespace devstack::cli
