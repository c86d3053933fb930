#pragma once

#include "form.hpp"
#include "setting.hpp"

#include <optional>
#include <vector>

namespace devstack::core {

std::optional<ProbeSetting> read_ready(const Setting& setting);
std::optional<ProbeSetting> read_health(const Setting& setting);
std::vector<KeyView> ready_key_views();
std::vector<KeyView> health_key_views();

}  // namespace devstack::core
