#pragma once

#include "devstack/base/result.hpp"

#include <string>

namespace devstack::project {

/// Makes sure that `path` is a directory of this user which no other may write to; creates it 0700.
/// Its parent must exist. Fails for a symlink, and for what belongs to somebody else: who could
/// replace a directory of ours could read our logs and talk to our children.
Status create_private_directory(const std::string& path);

/// Whether `path` is a directory, not a link, of this user, which no other may write to.
bool is_private_directory(const std::string& path);

}  // namespace devstack::project
