#pragma once

#include "devstack/base/result.hpp"

#include <string>

namespace devstack::platform {

/// The path of the file that this process was executed from (proc(5), /proc/PID/exe). Fails when it
/// was removed, or replaced by another one, since.
Result<std::string> own_program();

/// True when that process executes the same file. False too when nobody may tell.
bool runs_own_program(int pid);

}  // namespace devstack::platform
