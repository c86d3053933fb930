#pragma once

#include <string>

namespace devstack::core {

/// The JSON Schema (draft-07, which taplo reads) of a profile, indented, with a line end. It is
/// written from the tables that profiles are read by. It cannot say all that `read_profile` checks,
/// but what it refuses is refused there too.
std::string profile_schema();

}  // namespace devstack::core
