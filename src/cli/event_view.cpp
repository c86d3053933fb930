#include "devstack/cli/event_view.hpp"

#include "devstack/base/text.hpp"
#include "devstack/cli/terminal.hpp"
#include "devstack/platform/terminal.hpp"

namespace devstack::cli {

namespace {

std::string render_clock(const core::api::EventMessage& event, const EventLook& look) {
    const Result<WallTime> time = parse_timestamp(event.time, look.now);
    return time ? platform::render_local_clock(*time, look.now) : event.time;
}

}  // namespace

std::string render_event(const core::api::EventMessage& event, const EventLook& look) {
    const std::string who = event.service.empty() ? "project" : sane_text(event.service);
    const std::string why = sane_text(event.why);
    std::string text = paint(render_clock(event, look), Style::dim, look.has_colour) + " " +
                       paint(who, Style::bold, look.has_colour);
    if (event.to.empty()) return text + ": " + why;
    text += " ";
    if (!event.from.empty()) text += event.from + " -> ";
    text += paint(event.to, style_of_phase(event.to), look.has_colour);
    return why.empty() ? text : text + ": " + why;
}

}  // namespace devstack::cli
