#pragma once

#include "devstack/base/result.hpp"

#include <string>
#include <vector>

namespace devstack::project {

/// Keeps the plan's secrets in `state_dir` (0600), so that who reads the log files without a daemon
/// can hide them too.
Status save_secrets(const std::string& state_dir, const std::vector<std::string>& secrets);
/// Empty when there are none.
std::vector<std::string> load_saved_secrets(const std::string& state_dir);

}  // namespace devstack::project
