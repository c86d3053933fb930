#pragma once

#include "devstack/base/result.hpp"
#include "devstack/core/api/messages.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace devstack::project {

struct EventQuery {
    std::optional<std::uint64_t> after;  ///< Sequence number; wins over `tail`.
    std::optional<std::size_t> tail;     ///< The last so many.
    std::vector<std::string> services;   ///< Empty: all, and the project's own.
    std::size_t events_max = 5000;
};

struct EventAnswer {
    std::vector<core::api::EventMessage> events;
    std::uint64_t cursor = 0;  ///< Pass as `after` to go on.
    bool is_complete = true;   ///< False: more is there now.
    std::uint64_t lost = 0;    ///< Events asked for that rotation has removed.
};

/// Reads the event journal of a project, whether or not a daemon is running.
Result<EventAnswer> read_events(const std::string& state_dir, const EventQuery& query);

}  // namespace devstack::project
