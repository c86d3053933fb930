#pragma once

#include <string>

namespace devstack::daemon {

/// The file's path, and what changes when it is written: other than before when its content may be.
/// Of a file that is not there, too.
std::string signature_of_file(const std::string& path);

}  // namespace devstack::daemon
