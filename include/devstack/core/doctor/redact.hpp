#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace devstack::core::doctor {

/// True for "JWT_SECRET", "DB_PASSWORD", "API_TOKEN" and the like.
bool names_secret(std::string_view name);

/// What must not be shown of `NAME=value`.
std::vector<std::string> secrets_in(std::string_view name, std::string_view value);

/// The text with "***" in the place of each of `secrets`, of passwords in URLs and of bearer
/// tokens.
std::string redact(std::string_view text, const std::vector<std::string>& secrets);

/// The same for what leaves the house: also without what looks like a key by its entropy, whatever
/// its name. Hashes go with it; UUIDs, numbers and words stay.
std::string redact_for_others(std::string_view text, const std::vector<std::string>& secrets);

}  // namespace devstack::core::doctor
