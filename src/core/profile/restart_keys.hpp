#pragma once

#include "form.hpp"
#include "setting.hpp"

#include <vector>

namespace devstack::core {

RestartSetting read_restart(const Setting& setting);
std::vector<std::string> restart_mode_words();
std::vector<KeyView> restart_key_views();

}  // namespace devstack::core
