#pragma once

#include <string>

namespace devstack {

/// The path as people know it: what lies below `directory` relatively, the rest as it is. An empty
/// directory shows all as it is.
std::string shown_path(const std::string& path, const std::string& directory);

}  // namespace devstack
