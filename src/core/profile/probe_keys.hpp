#pragma once

#include "setting.hpp"

#include <optional>

namespace devstack::core {

std::optional<ProbeSetting> read_ready(const Setting& setting);
std::optional<ProbeSetting> read_health(const Setting& setting);

}  // namespace devstack::core
