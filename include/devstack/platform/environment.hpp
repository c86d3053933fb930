#pragma once

#include <map>
#include <optional>
#include <string>

namespace devstack::platform {

/// The environment this process was started with.
std::map<std::string, std::string> environment();

/// One variable of it; empty when it is not set.
std::optional<std::string> find_environment_variable(const std::string& name);

}  // namespace devstack::platform
