#pragma once

#include "devstack/core/api/messages.hpp"
#include "devstack/core/supervisor/supervisor.hpp"
#include "devstack/project/project_paths.hpp"

#include <map>
#include <optional>
#include <string>

namespace devstack::daemon {

/// One instant of both clocks: to say on the wall clock when something happened.
struct Instant {
    TimePoint now;
    WallTime wall;

    WallTime wall_of(TimePoint point) const {
        return wall - std::chrono::duration_cast<Duration>(now - point);
    }
};

/// What the API says of one service.
core::api::ServiceState make_service_state(const core::Supervisor& supervisor,
                                           core::ServiceId service,
                                           const Instant& instant,
                                           const project::ProjectPaths& paths);

/// Of that only what a table of services shows.
core::api::ServiceState make_brief_service_state(const core::Supervisor& supervisor,
                                                 core::ServiceId service,
                                                 const Instant& instant);

/// What the journal says of an event.
core::api::EventMessage make_event_message(const core::Plan& plan,
                                           const core::Event& event,
                                           const Instant& instant);

}  // namespace devstack::daemon
