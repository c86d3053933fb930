#include "devstack/core/api/query.hpp"

#include "support/catch.hpp"

#include <chrono>

using namespace devstack;
using namespace devstack::core;
using namespace devstack::core::api;
using namespace std::chrono_literals;

namespace {

const WallTime now = *parse_timestamp("2026-11-21T12:00:00Z", WallTime{});

Parameters parameters_of(const std::string& target) {
    const Result<Target> parsed = parse_target(target);
    REQUIRE(parsed);
    return parsed->parameters;
}

template <typename T>
std::string message_of(const Result<T>& result) {
    return result ? std::string{"accepted"} : result.error().message;
}

}  // namespace

TEST_CASE("a target is taken apart and decoded", "[unit][api]") {
    const Result<Target> target =
        parse_target("/v1/logs?service=a%20b&service=c%26d&grep=x+y%2Bz&empty=&bare&&");
    REQUIRE(target);
    CHECK(target->path == "/v1/logs");
    CHECK(target->parameters == Parameters{{"service", "a b"},
                                           {"service", "c&d"},
                                           {"grep", "x y+z"},
                                           {"empty", ""},
                                           {"bare", ""}});
}

TEST_CASE("a target that is no path or badly encoded is refused", "[unit][api]") {
    CHECK(message_of(parse_target("")) == "the target of a request must begin with /");
    CHECK(message_of(parse_target("http://x/v1")) == "the target of a request must begin with /");
    CHECK(message_of(parse_target("/a#b")) == "the target contains a #");
    CHECK(message_of(parse_target("/a%")) ==
          "a % in the target is not followed by two hexadecimal digits");
    CHECK(message_of(parse_target("/a?b=%4")) ==
          "a % in the target is not followed by two hexadecimal digits");
    CHECK(message_of(parse_target("/a?b=%zz")) ==
          "a % in the target is not followed by two hexadecimal digits");
    CHECK(message_of(parse_target("/a%00b")) == "the target contains a zero byte");
}

TEST_CASE("any target survives being written and read", "[unit][api]") {
    std::string every_byte;
    for (int byte = 1; byte < 256; ++byte)
        every_byte += static_cast<char>(byte);
    const Target target{"/v1/x", {{"a", every_byte}, {every_byte, "b"}, {"a", ""}}};
    const Result<Target> again = parse_target(render_target(target));
    REQUIRE(again);
    CHECK(*again == target);
}

TEST_CASE("a request for logs survives being written and read", "[unit][api]") {
    LogRequest request;
    request.services = {"api", "web front"};
    request.after = LogCursor::parse("api:1234");
    request.tail = 10;
    request.since = now - 10min;
    request.until = now;
    request.stream = LogStream::standard_error;
    request.pattern = "err|warn+ \\d";
    request.wait = 30s;
    request.limit = 100;
    const std::string text = render_request(request);
    CHECK(text ==
          "/v1/logs?service=api&service=web%20front&after=api:1234&tail=10"
          "&since=2026-11-21T11:50:00.000Z&until=2026-11-21T12:00:00.000Z&stream=stderr"
          "&grep=err%7Cwarn%2B%20%5Cd&wait=30000ms&limit=100");
    const Result<LogRequest> again = parse_log_request(parameters_of(text), now);
    REQUIRE(again);
    CHECK(*again == request);
    CHECK(render_request(LogRequest{}) == "/v1/logs");
}

TEST_CASE("a request for events survives being written and read", "[unit][api]") {
    EventRequest request;
    request.after = 17;
    request.tail = 3;
    request.services = {"api"};
    request.wait = 1500ms;
    request.limit = 5;
    const std::string text = render_request(request);
    CHECK(text == "/v1/events?after=17&tail=3&service=api&wait=1500ms&limit=5");
    const Result<EventRequest> again = parse_event_request(parameters_of(text));
    REQUIRE(again);
    CHECK(*again == request);
}

TEST_CASE("a request for the state can ask for usage", "[unit][api]") {
    CHECK(render_request(StateRequest{false}) == "/v1/state");
    CHECK(render_request(StateRequest{true}) == "/v1/state?usage=1");
    CHECK(parse_state_request(parameters_of("/v1/state?usage=1"))->wants_usage);
    CHECK_FALSE(parse_state_request(parameters_of("/v1/state"))->wants_usage);
    CHECK(message_of(parse_state_request(parameters_of("/v1/state?usage=yes"))) ==
          "usage: expected 0 or 1, found \"yes\"");
}

TEST_CASE("a request for the state can ask for less", "[unit][api]") {
    for (const StateDetail detail : {StateDetail::brief, StateDetail::none}) {
        const std::string text = render_request(StateRequest{true, detail});
        const Result<StateRequest> again = parse_state_request(parameters_of(text));
        REQUIRE(again);
        CHECK(*again == StateRequest{true, detail});
    }
    CHECK(render_request(StateRequest{false, StateDetail::brief}) == "/v1/state?detail=brief");
    CHECK(message_of(parse_state_request(parameters_of("/v1/state?detail=all"))) ==
          "detail: expected brief or none, found \"all\"");
}

TEST_CASE("a wrong parameter is named with what was expected", "[unit][api]") {
    const auto events = [](const std::string& query) {
        return message_of(parse_event_request(parameters_of("/v1/events?" + query)));
    };
    const auto logs = [](const std::string& query) {
        return message_of(parse_log_request(parameters_of("/v1/logs?" + query), now));
    };
    CHECK(events("after=x") == "after: expected a whole number, found \"x\"");
    CHECK(events("after=-1") == "after: expected a whole number, found \"-1\"");
    CHECK(events("tail=99999999999999999999") ==
          "tail: expected a whole number, found \"99999999999999999999\"");
    CHECK(events("limit=0") == "limit: must be from 1 to 5000");
    CHECK(events("limit=5001") == "limit: must be from 1 to 5000");
    CHECK(events("wait=2m") == "wait: must be at most 1m");
    CHECK(events("wait=1m") == "accepted");
    CHECK(events("servise=api") ==
          "unknown parameter `servise` (did you mean `service`?); known are after, tail, service, "
          "wait and limit");
    CHECK(logs("stream=stdin") == "stream: expected stdout or stderr, found \"stdin\"");
    CHECK(logs("after=%25%25") == "after: not a cursor of an earlier answer: \"%%\"");
    CHECK(logs("since=yesterday") ==
          "since: expected a time (\"12:00\", \"2026-11-21T12:00:03Z\") or how long ago (\"10m\"), "
          "found \"yesterday\"");
}

TEST_CASE("a moment is a time or how long ago", "[unit][api]") {
    CHECK(*parse_moment("10m", now) == now - 10min);
    CHECK(*parse_moment("2026-11-21T11:00:00Z", now) == now - 1h);
    CHECK(*parse_moment("11:30", now) == now - 30min);
}
