#include "devstack/project/event_reader.hpp"

#include "support/catch.hpp"
#include "unit/project/log_directory.hpp"

using namespace devstack;
using namespace devstack::test;
using project::EventAnswer;
using project::EventQuery;

namespace {

std::string event(std::uint64_t sequence, const std::string& service = "api") {
    core::api::EventMessage message;
    message.sequence = sequence;
    message.time = "2026-11-21T12:00:03.123Z";
    message.kind = "phase";
    message.service = service;
    message.from = "starting";
    message.to = "ready";
    message.why = "answered";
    return core::api::to_text(message) + "\n";
}

std::string events(std::uint64_t first, std::uint64_t last) {
    std::string text;
    for (std::uint64_t i = first; i <= last; ++i) {
        text += event(i, i % 2 == 0 ? "web" : "api");
    }
    return text;
}

EventAnswer read(const LogDirectory& directory, const EventQuery& query) {
    auto answer = project::read_events(directory.path(), query);
    REQUIRE(answer);
    return std::move(*answer);
}

EventQuery after(std::uint64_t sequence) {
    EventQuery query;
    query.after = sequence;
    return query;
}

EventQuery last(std::size_t count) {
    EventQuery query;
    query.tail = count;
    return query;
}

/// "3 4 5 -> 5" with the cursor.
std::string shown(const EventAnswer& answer) {
    std::string text;
    for (const auto& each : answer.events) {
        text += std::to_string(each.sequence) + " ";
    }
    return text + "-> " + std::to_string(answer.cursor);
}

}  // namespace

TEST_CASE("a project without a journal has no events", "[unit][event_reader]") {
    LogDirectory directory;
    CHECK(shown(read(directory, {})) == "-> 0");
    CHECK(shown(read(directory, last(5))) == "-> 0");
    CHECK(shown(read(directory, after(5))) == "-> 5");
}

TEST_CASE("events are read over all files of the journal", "[unit][event_reader]") {
    LogDirectory directory;
    directory.write("events.jsonl.2", events(1, 3));
    directory.write("events.jsonl.1", events(4, 5));
    directory.write("events.jsonl", events(6, 8));
    CHECK(shown(read(directory, {})) == "1 2 3 4 5 6 7 8 -> 8");
    CHECK(shown(read(directory, after(3))) == "4 5 6 7 8 -> 8");
    CHECK(shown(read(directory, after(4))) == "5 6 7 8 -> 8");
    CHECK(shown(read(directory, after(8))) == "-> 8");
    CHECK(shown(read(directory, after(99))) == "-> 99");
    CHECK(shown(read(directory, last(4))) == "5 6 7 8 -> 8");
    CHECK(shown(read(directory, last(99))) == "1 2 3 4 5 6 7 8 -> 8");
    CHECK(shown(read(directory, last(0))) == "-> 8");
    EventQuery both = last(1);
    both.after = 6;
    CHECK(shown(read(directory, both)) == "7 8 -> 8");
    CHECK(read(directory, {}).events[7].why == "answered");
}

TEST_CASE("events of some services are chosen", "[unit][event_reader]") {
    LogDirectory directory;
    directory.write("events.jsonl", events(1, 8) + event(9, ""));
    EventQuery query = after(2);
    query.services = {"web"};
    CHECK(shown(read(directory, query)) == "4 6 8 -> 9");
    query.after.reset();
    query.tail = 2;
    CHECK(shown(read(directory, query)) == "6 8 -> 9");
    query.services = {"db"};
    CHECK(shown(read(directory, query)) == "-> 9");
}

TEST_CASE("an answer has a limit, and its cursor goes on", "[unit][event_reader]") {
    LogDirectory directory;
    directory.write("events.jsonl", events(1, 5));
    EventQuery query = after(1);
    query.events_max = 2;
    CHECK(shown(read(directory, query)) == "2 3 -> 3");
    CHECK_FALSE(read(directory, query).is_complete);
    query.after = 3;
    CHECK(shown(read(directory, query)) == "4 5 -> 5");
    CHECK(read(directory, query).is_complete);
}

TEST_CASE("events that rotation has removed are counted", "[unit][event_reader]") {
    LogDirectory directory;
    directory.write("events.jsonl", events(100, 110));
    CHECK(read(directory, after(50)).lost == 49);
    CHECK(read(directory, after(99)).lost == 0);
    CHECK(read(directory, after(105)).lost == 0);
    CHECK(read(directory, {}).lost == 0);
    CHECK(read(directory, last(99)).lost == 0);
}

TEST_CASE("lines that are no events, and a torn last one, are passed over",
          "[unit][event_reader]") {
    LogDirectory directory;
    const std::string torn = event(6).substr(0, 40);
    directory.write(
        "events.jsonl",
        events(1, 2) + "noise\n\n" + std::string(100'000, 'x') + "\n" + events(3, 5) + torn);
    CHECK(shown(read(directory, {})) == "1 2 3 4 5 -> 5");
    CHECK(shown(read(directory, after(2))) == "3 4 5 -> 5");
    CHECK(shown(read(directory, last(4))) == "2 3 4 5 -> 5");
    directory.write("events.jsonl", torn);
    CHECK(shown(read(directory, {})) == "-> 0");
    CHECK(shown(read(directory, last(1))) == "-> 0");
}

TEST_CASE("every event of a long journal can be found by its number", "[unit][event_reader]") {
    LogDirectory directory;
    directory.write("events.jsonl.1", events(1, 3000));
    directory.write("events.jsonl", events(3001, 4000));
    for (std::uint64_t i = 0; i < 4000; i += 37) {
        EventQuery query = after(i);
        query.events_max = 1;
        CHECK(shown(read(directory, query)) ==
              std::to_string(i + 1) + " -> " + std::to_string(i + 1));
    }
    CHECK(read(directory, last(2500)).events.front().sequence == 1501);
}
