#pragma once

#include "form.hpp"
#include "setting.hpp"

#include <optional>
#include <vector>

namespace devstack::core {

/// Empty when it has no command that could be read.
std::optional<PrepareSetting> read_prepare(const Setting& setting);
std::vector<KeyView> prepare_key_views();

}  // namespace devstack::core
