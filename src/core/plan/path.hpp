#pragma once

#include <string>
#include <string_view>

namespace devstack::core {

/// `path` as seen from the absolute directory `base`, without "." and "..", by its text alone. A
/// leading "~" is `home`, if that is known.
std::string resolve_path(std::string_view base, std::string_view path, std::string_view home);

}  // namespace devstack::core
