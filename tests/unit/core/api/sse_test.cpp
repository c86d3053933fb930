#include "devstack/core/api/sse.hpp"

#include "support/catch.hpp"

using namespace devstack;
using namespace devstack::core::api;
using namespace std::chrono_literals;

TEST_CASE("a message of an event stream is framed line by line", "[unit][api]") {
    CHECK(to_sse({"", "{}", ""}) == "data: {}\n\n");
    CHECK(to_sse({"gap", "{\"lost\":3}", "17"}) == "event: gap\nid: 17\ndata: {\"lost\":3}\n\n");
    CHECK(to_sse({"", "", ""}) == "data: \n\n");
    CHECK(to_sse({"", "a\nb\rc\r\nd", ""}) == "data: a\ndata: b\ndata: c\ndata: d\n\n");
    CHECK(to_sse({"", "a\n", ""}) == "data: a\ndata: \n\n");
    CHECK(to_sse({"", "\r\n\n", ""}) == "data: \ndata: \ndata: \n\n");
    CHECK(to_sse({"", " a: b", ""}) == "data:  a: b\n\n");
}

TEST_CASE("what dispatches nothing", "[unit][api]") {
    CHECK(to_sse_retry(1500ms) == "retry: 1500\n\n");
    CHECK(sse_heartbeat() == ": heartbeat\n\n");
}

TEST_CASE("what streams say of themselves", "[unit][api]") {
    CHECK(to_text(StreamInit{"1.0", "shop", 7, "", 15}) ==
          R"({"version":"1.0","project":"shop","daemon_pid":7,"heartbeat_seconds":15})");
    CHECK(to_text(StreamInit{"1.0", "shop", 7, "12", 15}) ==
          R"({"version":"1.0","project":"shop","daemon_pid":7,"resumed_after":"12",)"
          R"("heartbeat_seconds":15})");
    CHECK(to_text(StreamError{"log-read-failed", "error", "no", 500, false}) ==
          R"({"type":"log-read-failed","severity":"error","message":"no","code":500,)"
          R"("recoverable":false})");
    CHECK(to_text(EventGap{3}) == R"({"lost":3})");
    CHECK(to_text(StreamDone{"it is over"}) == R"({"why":"it is over"})");
}
