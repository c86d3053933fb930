#pragma once

#include "devstack/base/result.hpp"
#include "devstack/core/probes/probe.hpp"

#include <string_view>

namespace devstack::core {

/// Reads "200-299", "200,404" or "200-299, 301"; sorted, neighbours joined. Fails (invalid).
Result<StatusSet> parse_status_set(std::string_view text);

}  // namespace devstack::core
