#pragma once

#include "devstack/base/time.hpp"
#include "devstack/cli/terminal.hpp"
#include "devstack/core/api/crash_message.hpp"

#include <string>
#include <vector>

namespace devstack::cli {

/// One row a crash, in the order given. Times are local; those of other days than `now` have their
/// date. Ends with a newline.
std::string render_crashes(const std::vector<core::api::CrashMessage>& crashes,
                           const Terminal& terminal,
                           WallTime now);

/// All that is known of one.
std::string render_crash(const core::api::CrashMessage& crash,
                         const Terminal& terminal,
                         WallTime now);

}  // namespace devstack::cli
