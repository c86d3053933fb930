#pragma once

#include "devstack/core/logs/log_line.hpp"

#include <optional>
#include <string>
#include <variant>

namespace devstack::core {

// How a service shows by itself that it is ready: nobody asks, and nothing is polled.

/// A line of the run's output matches.
struct LogSign {
    std::string pattern;              ///< ECMAScript regex, searched; see LinePattern.
    std::optional<LogStream> stream;  ///< Empty: either.

    bool operator==(const LogSign&) const = default;
};

/// It says so itself: READY=1, see sd_notify(3).
struct NotifySign {
    bool operator==(const NotifySign&) const = default;
};

using ReadySign = std::variant<LogSign, NotifySign>;

/// "a line of its output matches \"listening\"".
std::string describe(const ReadySign& sign);
/// What is missing: "no line of its output has matched \"listening\"".
std::string describe_absence(const ReadySign& sign);

}  // namespace devstack::core
