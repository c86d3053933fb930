#pragma once

#include "devstack/base/result.hpp"
#include "devstack/core/api/diagnosis_message.hpp"
#include "devstack/core/doctor/facts.hpp"
#include "devstack/core/doctor/finding.hpp"

#include <string>
#include <string_view>

namespace devstack::core::doctor {

/// Indented JSON. What has its default value is left out.
std::string to_text(const Facts& facts);
/// Fails with kind invalid and a message that names the field. Unknown fields are skipped.
Result<Facts> parse_facts(std::string_view text);

/// For programs.
api::FindingMessage to_message(const Finding& finding);
api::DiagnosisMessage to_message(const Diagnosis& diagnosis);

}  // namespace devstack::core::doctor
