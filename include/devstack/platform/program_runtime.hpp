#pragma once

#include <string>

namespace devstack::platform {

/// What a process is written for: "go", "node", "python", "java", "ruby", or "".
std::string find_runtime(int pid);

}  // namespace devstack::platform
