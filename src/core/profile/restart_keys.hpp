#pragma once

#include "setting.hpp"

namespace devstack::core {

RestartSetting read_restart(const Setting& setting);

}  // namespace devstack::core
