#pragma once

#include "devstack/base/result.hpp"
#include "devstack/base/time.hpp"

#include <string_view>

namespace devstack::cli {

/// A point in time as a person at this machine writes it: "10m" (ago), "12:00" and "2026-11-21
/// 12:00" by the local clock, "2026-11-21T12:00:03Z" as it says.
Result<WallTime> parse_local_moment(std::string_view text, WallTime now);

}  // namespace devstack::cli
