#include "devstack/cli/event_view.hpp"

#include "support/catch.hpp"

using namespace devstack;
using namespace devstack::cli;
using core::api::EventMessage;

namespace {

EventMessage backing_off() {
    EventMessage event;
    event.time = "2026-11-21T12:00:03.123Z";
    event.kind = "phase";
    event.service = "api";
    event.run = 4;
    event.from = "ready";
    event.to = "backing-off";
    event.why = "exited with code 3";
    return event;
}

const EventLook same_day{false, *parse_timestamp("2026-11-21T13:00:00Z", WallTime{})};

}  // namespace

TEST_CASE("a change of phase is told with its reason", "[unit][cli]") {
    CHECK(render_event(backing_off(), same_day) ==
          "12:00:03 api ready -> backing-off: exited with code 3");
}

TEST_CASE("an event of another day has its date", "[unit][cli]") {
    const EventLook later{false, *parse_timestamp("2026-11-22T13:00:00Z", WallTime{})};
    CHECK(render_event(backing_off(), later) ==
          "Nov 21 12:00:03 api ready -> backing-off: exited with code 3");
}

TEST_CASE("a remark has no phases, and the project no name", "[unit][cli]") {
    EventMessage notice;
    notice.time = "2026-11-21T12:00:03Z";
    notice.kind = "notice";
    notice.service = "api";
    notice.why = "declared 3002 and listens on 3001";
    CHECK(render_event(notice, same_day) == "12:00:03 api: declared 3002 and listens on 3001");
    EventMessage project;
    project.time = "2026-11-21T12:00:03Z";
    project.kind = "project";
    project.to = "stopped";
    project.why = "nothing is left running";
    CHECK(render_event(project, same_day) == "12:00:03 project stopped: nothing is left running");
}

TEST_CASE("what could harm a terminal is taken out of an event", "[unit][cli]") {
    EventMessage event = backing_off();
    event.why = "bad \x1b[2J\x07 news";
    CHECK(render_event(event, same_day) == "12:00:03 api ready -> backing-off: bad  news");
}

TEST_CASE("a time that nobody can read is shown as it came", "[unit][cli]") {
    EventMessage event = backing_off();
    event.time = "noon";
    CHECK(render_event(event, same_day) == "noon api ready -> backing-off: exited with code 3");
}

TEST_CASE("the phase that was entered has its colour", "[unit][cli]") {
    CHECK(render_event(backing_off(), {true, same_day.now}) ==
          "\x1b[2m12:00:03\x1b[0m \x1b[1mapi\x1b[0m ready -> \x1b[33mbacking-off\x1b[0m: "
          "exited with code 3");
}
