#pragma once

#include "devstack/core/supervisor/run.hpp"

#include <cstdint>
#include <string>
#include <variant>

namespace devstack::core {

// What observers are told of: journal, API, terminal. Each carries its reason.

struct PhaseChanged {
    ServiceId service;
    std::uint32_t run = 0;  ///< 0 when the phase is not about a run.
    std::string from;
    std::string to;
    std::string why;  ///< For people: "exited with code 3", "postgres is ready".
};

/// Something worth knowing that changes no phase: "api declared port 3002 and listens on 3001".
struct Noticed {
    enum class Kind {
        listening_differs,
        probe_failed,
        probe_recovered,
        signal_sent,
        survivors,
        said,
        adjusted,
        watch_suspended
    };

    ServiceId service;
    std::uint32_t run = 0;
    Kind kind = Kind::listening_differs;
    std::string what;
};

/// The whole project: "starting", "stopping", "stopped".
struct ProjectChanged {
    std::string to;
    std::string why;
};

using Event = std::variant<PhaseChanged, Noticed, ProjectChanged>;

}  // namespace devstack::core
