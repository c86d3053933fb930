#pragma once

#include "devstack/base/time.hpp"

namespace devstack::platform {

/// This process ends with exit code 1 when that time is over, whatever it waits for then, and says
/// nothing: for programs whose answer is worth nothing later. At least a microsecond.
void end_process_after(Duration duration);

}  // namespace devstack::platform
