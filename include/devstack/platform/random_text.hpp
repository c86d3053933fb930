#pragma once

#include "devstack/base/result.hpp"

#include <cstddef>
#include <string>

namespace devstack::platform {

/// So many random bytes of the kernel's (getrandom(2)) in hexadecimal digits, two for each: nobody
/// guesses it. `bytes` is at most 256.
Result<std::string> random_hex_text(std::size_t bytes);

}  // namespace devstack::platform
