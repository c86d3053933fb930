#pragma once

#include <optional>
#include <string>

#include <sys/stat.h>

namespace devstack::diagnosis {

/// Of what a link leads to; empty: it is not there, or we may not look.
std::optional<struct stat> status_of(const std::string& path);
/// As ls(1) shows it: "-rw-r--r--".
std::string render_mode(mode_t mode);
/// Its number if it has no name.
std::string group_name(gid_t id);
/// A file of that name somewhere else in the project; "" if there is none, or more than one.
std::string find_elsewhere(const std::string& name, const std::string& project_dir);

}  // namespace devstack::diagnosis
