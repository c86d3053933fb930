#pragma once

#include "devstack/core/api/crash_message.hpp"
#include "devstack/core/doctor/finding.hpp"

#include <optional>

namespace devstack::core::doctor {

/// What the record of an end tells of its cause, by the rules that need only its log and how
/// it ended. Empty when that says nothing that is not in the record in plain words.
std::optional<Finding> explain_crash(const api::CrashMessage& crash);

}  // namespace devstack::core::doctor
