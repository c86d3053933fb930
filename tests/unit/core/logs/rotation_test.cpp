#include "devstack/core/logs/rotation.hpp"

#include "support/catch.hpp"

#include <string>

using namespace devstack::core;

namespace {

constexpr RotationRule rule{.log_size_max = 100, .index_size_max = 64, .slack_max = 10};

}  // namespace

TEST_CASE("a log file is filled without looking up to its size", "[unit][logs]") {
    CHECK(rule.room(0, 0) == 100);
    CHECK(rule.room(99, 0) == 1);
    CHECK(rule.room(100, 0) == 0);
    CHECK(rule.room(5000, 0) == 0);
}

TEST_CASE("an index that outgrows its size makes rotation due", "[unit][logs]") {
    CHECK(rule.room(1, 63) == 99);
    CHECK(rule.room(1, 64) == 0);
    CHECK(rule.find_cut(1, 64, "abc\nd") == 4);
    CHECK(rule.find_cut(1, 73, "abc") == std::nullopt);
    CHECK(rule.find_cut(1, 74, "abc") == 0);
}

TEST_CASE("a due rotation cuts after a line end", "[unit][logs]") {
    CHECK(rule.find_cut(100, 0, "a\nbc\nd") == 5);
    CHECK(rule.find_cut(100, 0, "\n") == 1);
    CHECK(rule.find_cut(100, 0, "abc") == std::nullopt);
}

TEST_CASE("a line that does not end is cut when the slack is used up", "[unit][logs]") {
    CHECK(rule.find_cut(100, 0, "123456789") == std::nullopt);
    CHECK(rule.find_cut(100, 0, "1234567890") == 10);
    CHECK(rule.find_cut(105, 0, "1234567890") == 5);
    CHECK(rule.find_cut(110, 0, "1234567890") == 0);
    CHECK(rule.find_cut(999, 0, "1234567890") == 0);
    CHECK(rule.find_cut(105, 0, "1234567\n90") == 8);
}
