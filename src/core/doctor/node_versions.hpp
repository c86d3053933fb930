#pragma once

#include <string>

namespace devstack::core::doctor {

/// Whether a version ("v20.20.2") may be among those that package.json or .nvmrc names: ">=22",
/// "^20
/// || 22.x", "v18", "lts/*". What is not understood may be anything.
bool may_be_wanted(const std::string& wanted, const std::string& version);

}  // namespace devstack::core::doctor
