#pragma once

#include "devstack/base/result.hpp"

#include <cstddef>

namespace devstack::project {

/// The hard limit of this process, which keeper and daemon make theirs.
std::size_t allowed_descriptors();

/// Whether so many services can run: with too few descriptors the daemon would die of it again and
/// again. The error says how many it takes, and where they come from.
Status check_descriptors(std::size_t services, std::size_t allowed);

}  // namespace devstack::project
