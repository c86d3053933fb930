#pragma once

#include "devstack/base/time.hpp"
#include "devstack/core/api/messages.hpp"

#include <string>

namespace devstack::cli {

/// How an event is to be shown.
struct EventLook {
    bool has_colour = false;
    WallTime now{};  ///< Events of other days are shown with their date.
};

/// One line, without its end, local time: "12:00:03 api ready -> backing-off: exited with code 3",
/// "12:00:03 api: declared 3002 and listens on 3001", "12:00:03 project stopping: asked to …".
std::string render_event(const core::api::EventMessage& event, const EventLook& look);

}  // namespace devstack::cli
