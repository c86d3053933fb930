#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace devstack::core {

/// What must not be shown of `NAME=value`: the value if the name says so, else the password of a
/// URL in it. Short values are left out: hiding them would hide half of every text.
std::vector<std::string> find_secrets(std::string_view name, std::string_view value);

}  // namespace devstack::core
