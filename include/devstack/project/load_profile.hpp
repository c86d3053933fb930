#pragma once

#include "devstack/base/result.hpp"
#include "devstack/core/profile/profile.hpp"

#include <string>

namespace devstack::project {

/// The profile in the file at `path` as far as it can be read, whatever is wrong with it: for those
/// who only want to know what is in it. Fails when the file itself can not be read.
Result<core::Profile> load_profile(const std::string& path);

}  // namespace devstack::project
