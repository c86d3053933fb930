#pragma once

#include "form.hpp"

#include <vector>

namespace devstack::core {

/// What may stand at the top of a profile, and through it all that may stand anywhere.
std::vector<KeyView> profile_key_views();

}  // namespace devstack::core
