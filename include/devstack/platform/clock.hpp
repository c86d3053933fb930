#pragma once

#include "devstack/base/time.hpp"

#include <string>

namespace devstack::platform {

/// The clock for decisions, read now.
TimePoint now();

/// The clock for people, read now.
WallTime wall_now();

/// As a person in this time zone would say it: "09:12" if it is on the same day as `today`, else
/// "Nov 20 09:12".
std::string render_local_time(WallTime time, WallTime today);

}  // namespace devstack::platform
