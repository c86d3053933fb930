#include "devstack/core/api/messages.hpp"

#include "support/catch.hpp"

using namespace devstack;
using namespace devstack::core::api;

namespace {

EventMessage backing_off() {
    EventMessage event;
    event.sequence = 17;
    event.time = "2026-11-21T12:00:03.123Z";
    event.kind = "phase";
    event.service = "api";
    event.run = 4;
    event.from = "ready";
    event.to = "backing-off";
    event.why = "exited with code 3";
    return event;
}

}  // namespace

TEST_CASE("an event is one line of JSON with its phases and its reason", "[unit][api]") {
    CHECK(to_text(backing_off()) ==
          R"({"sequence":17,"time":"2026-11-21T12:00:03.123Z","kind":"phase","service":"api",)"
          R"("run":4,"from":"ready","to":"backing-off","why":"exited with code 3"})");
}

TEST_CASE("an event of the project says nothing about a service", "[unit][api]") {
    EventMessage event;
    event.sequence = 1;
    event.time = "2026-11-21T12:00:03.123Z";
    event.kind = "project";
    event.to = "stopped";
    event.why = "nothing is left running";
    CHECK(to_text(event) == R"({"sequence":1,"time":"2026-11-21T12:00:03.123Z",)"
                            R"("kind":"project","to":"stopped","why":"nothing is left running"})");
    const Result<EventMessage> again = parse_event(to_text(event));
    REQUIRE(again);
    CHECK(*again == event);
}

TEST_CASE("an event survives its way over the wire", "[unit][api]") {
    const Result<EventMessage> again = parse_event(to_text(backing_off()));
    REQUIRE(again);
    CHECK(*again == backing_off());
}

TEST_CASE("an answer of events tells whether more is there and what was lost", "[unit][api]") {
    EventsMessage message;
    EventMessage event;
    event.sequence = 18;
    event.time = "t";
    event.kind = "notice";
    event.why = "w";
    message.events = {event};
    message.cursor = 18;
    message.is_complete = false;
    message.lost = 3;
    const std::string text = to_text(message);
    CHECK(text == R"({"events":[{"sequence":18,"time":"t","kind":"notice","why":"w"}],)"
                  R"("cursor":18,"complete":false,"lost":3})");
    const Result<EventsMessage> again = parse_events(text);
    REQUIRE(again);
    CHECK(again->events == message.events);
    CHECK(again->cursor == 18);
    CHECK_FALSE(again->is_complete);
    CHECK(again->lost == 3);
}

TEST_CASE("an event without its number names the missing field", "[unit][api]") {
    const Result<EventMessage> event = parse_event(R"({"time":"t","kind":"phase"})");
    REQUIRE_FALSE(event);
    CHECK(event.error() == Error{Error::Kind::invalid, "sequence: is missing"});
}
