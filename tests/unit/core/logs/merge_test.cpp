#include "devstack/core/logs/merge.hpp"

#include "support/catch.hpp"

#include <string>

using namespace devstack::core;
using devstack::WallTime;

namespace {

LogLine line(const std::string& text, int second) {
    LogLine made;
    made.text = text;
    made.time = WallTime{std::chrono::seconds{second}};
    return made;
}

std::string texts(const std::vector<LogLine>& lines) {
    std::string all;
    for (const LogLine& each : lines) {
        all += each.text + " ";
    }
    return all;
}

}  // namespace

TEST_CASE("lines of several services are merged by time", "[unit][logs]") {
    CHECK(texts(merge_last({{line("a1", 1), line("a4", 4)}, {line("b2", 2), line("b3", 3)}}, 9)) ==
          "a1 b2 b3 a4 ");
    CHECK(texts(merge_last({{}, {line("b", 1)}, {}}, 9)) == "b ");
    CHECK(texts(merge_last({}, 9)).empty());
}

TEST_CASE("of lines with the same time the service named first comes first", "[unit][logs]") {
    CHECK(texts(merge_last({{line("a", 1), line("A", 1)}, {line("b", 1)}}, 9)) == "a A b ");
}

TEST_CASE("a clock that was set back does not change the order within a service", "[unit][logs]") {
    CHECK(texts(merge_last({{line("a9", 9), line("a1", 1)}, {line("b5", 5)}}, 9)) == "b5 a9 a1 ");
}

TEST_CASE("the last lines of all services together are kept", "[unit][logs]") {
    CHECK(texts(merge_last({{line("a1", 1), line("a4", 4)}, {line("b2", 2), line("b3", 3)}}, 2)) ==
          "b3 a4 ");
    CHECK(merge_last({{line("a", 1)}}, 0).empty());
}
