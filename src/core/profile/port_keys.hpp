#pragma once

#include "form.hpp"
#include "setting.hpp"

#include <vector>

namespace devstack::core {

inline constexpr Form port_number = number_from(1, 65535);

/// `port`, and one of `ports`: a number, or a table with one. Port 0 stands for what could not be
/// read, so that those who refer to it are not blamed too.
PortSetting read_port(const Setting& setting, std::string name);
std::vector<KeyView> port_key_views();

inline constexpr Form port_form = port_number | table_with(port_key_views);

}  // namespace devstack::core
