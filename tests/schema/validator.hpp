#pragma once

#include <set>
#include <string>
#include <vector>

namespace devstack::test {

/// What the schema says of each profile: "accepted", "not TOML", or what is wrong with it.
std::vector<std::string> ask_schema(const std::vector<std::string>& profiles);

/// The codes in rendered diagnostics: {"unknown-key"}.
std::set<std::string> codes_in(const std::string& diagnostics);

/// True if one of these codes says something that a schema can say as well.
bool is_matter_of_form(const std::set<std::string>& codes);

}  // namespace devstack::test
