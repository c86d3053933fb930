#pragma once

#include "devstack/base/result.hpp"

#include <string>

namespace devstack::project {

/// A page, 0600, that leads whoever opens it to `link`, which is not to stand in anybody's command
/// line. Returns its path.
Result<std::string> write_link_page(const std::string& runtime_dir, const std::string& link);
void remove_link_page(const std::string& runtime_dir);

}  // namespace devstack::project
