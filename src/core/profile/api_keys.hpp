#pragma once

#include "devstack/core/profile/profile.hpp"

#include "form.hpp"
#include "setting.hpp"

#include <optional>
#include <vector>

namespace devstack::core {

/// The table [api].
std::optional<ApiSetting> read_api(const Setting& setting);
std::vector<KeyView> api_key_views();

}  // namespace devstack::core
