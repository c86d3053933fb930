#pragma once

#include "devstack/base/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace devstack::core {

/// What a service says of itself, see sd_notify(3). What is not there was not said.
struct Notification {
    bool is_ready = false;
    bool is_reloading = false;
    bool is_stopping = false;
    bool is_alive = false;              ///< WATCHDOG=1.
    bool is_in_trouble = false;         ///< WATCHDOG=trigger.
    bool hands_over = false;            ///< FDSTORE=1: it wants descriptors to be kept for it.
    std::optional<std::string> status;  ///< Sane and of a length to be shown; may be empty.
    std::optional<Duration> watchdog;   ///< How often it will say that it is alive; zero: never.
    std::optional<Duration> extension;  ///< Of the start or stop under way, from now on.
    std::optional<int> main_pid;
    std::optional<int> error;  ///< errno(3).

    bool operator==(const Notification&) const = default;
};

/// Whatever it is: what is unknown, or makes no sense, is passed over.
Notification parse_notification(std::string_view datagram);

}  // namespace devstack::core
