#pragma once

#include <string_view>

namespace devstack::platform {

/// Writes all bytes, in as many calls as it takes. False, with errno, when that failed; some of
/// them may be written then.
bool write_all(int file, std::string_view bytes);

}  // namespace devstack::platform
