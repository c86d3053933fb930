#include "devstack/base/shown_path.hpp"

namespace devstack {

std::string shown_path(const std::string& path, const std::string& directory) {
    if (directory.empty()) return path;
    const std::string start = directory.ends_with('/') ? directory : directory + "/";
    return path.starts_with(start) ? path.substr(start.size()) : path;
}

}  // namespace devstack
