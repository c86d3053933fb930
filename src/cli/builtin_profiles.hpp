#pragma once

#include <optional>
#include <string>

namespace devstack::cli {

/// The text of a profile that is part of the program: "demo".
std::optional<std::string> find_builtin_profile(const std::string& name);

}  // namespace devstack::cli
