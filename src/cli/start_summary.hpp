#pragma once

#include "devstack/base/time.hpp"
#include "devstack/cli/terminal.hpp"
#include "devstack/core/api/messages.hpp"

#include <string>
#include <vector>

namespace devstack::cli {

/// A path below `directory` relative to it.
std::string shown_path(const std::string& path, const std::string& directory);

/// "All 3 services are ready after 1.2s" and what a person would open.
std::string render_summary(const core::api::StateMessage& state,
                           const std::vector<std::string>& services,
                           Duration took,
                           const Terminal& terminal);

}  // namespace devstack::cli
