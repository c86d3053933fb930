#pragma once

#include "devstack/base/result.hpp"
#include "devstack/core/doctor/facts.hpp"
#include "devstack/core/doctor/finding.hpp"

#include <string>
#include <string_view>

namespace devstack::core::doctor {

/// Indented JSON. What has its default value is left out.
std::string to_text(const Facts& facts);
/// Fails with kind invalid and a message that names the field. Unknown fields are skipped.
Result<Facts> parse_facts(std::string_view text);

/// {"healthy":…, "findings":[…], "ruled_out":[…], "unseen":[…]}
std::string to_text(const Diagnosis& diagnosis);

}  // namespace devstack::core::doctor
