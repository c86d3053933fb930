#pragma once

#include "devstack/base/time.hpp"
#include "devstack/cli/terminal.hpp"

#include <optional>
#include <string>
#include <vector>

namespace devstack::cli {

/// `devstack up [PROFILE] [SERVICE…]`.
struct UpOptions {
    /// A path or a name; empty: devstack.toml here or above.
    std::optional<std::string> profile;
    std::vector<std::string> services;  ///< Empty: all.
    bool detach = false;                ///< -d: the services stay when the command ends.
    bool wait = false;                  ///< Ends when all is ready (0) or can not become so (1).
    bool free_ports = false;            ///< Whoever holds a declared port is ended.
    std::optional<Duration> timeout;    ///< Of `wait`.
    bool json = false;                  ///< One JSON object a line instead of text.
    ColourMode colour = ColourMode::automatic;
};

/// Returns the process's exit code.
int run_up(const UpOptions& options);

}  // namespace devstack::cli
