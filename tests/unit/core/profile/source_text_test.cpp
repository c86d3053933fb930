#include "devstack/core/profile/source_text.hpp"

#include "support/catch.hpp"

using namespace devstack;
using namespace devstack::core;

TEST_CASE("lines are found by number, whatever ends them", "[unit][profile]") {
    const SourceFile file{"f", "\xEF\xBB\xBFone\r\ntwo\n\nlast"};
    CHECK(file.line(1) == "one");
    CHECK(file.line(2) == "two");
    CHECK(file.line(3).empty());
    CHECK(file.line(4) == "last");
    CHECK(file.line(5).empty());
    CHECK(file.line(0).empty());
    CHECK(file.line(-1).empty());
}

TEST_CASE("a part of a value is found in characters", "[unit][profile]") {
    const SourceFile file{"f", "a = \"ü ${X}\"\nb = \"${X}\"\n"};
    CHECK(file.find("${X", {1, 5}, 1) == Place{1, 8});
    CHECK(file.find("${X", {1, 9}, 2) == Place{2, 6});
    CHECK(file.find("${Y", {1, 5}, 2) == Place{1, 5});
    CHECK(file.find("${X", {1, 999}, 99) == Place{2, 6});
}

TEST_CASE("a diagnostic carries the line it is about", "[unit][profile]") {
    const SourceFile file{"f", "a = 1\n"};
    CHECK(file.error("code", {1, 5}, "message", "hint") ==
          Diagnostic{"code", Diagnostic::Severity::error, "message", {"f", 1, 5}, "a = 1", "hint"});
    CHECK(file.error("code", {}, "message") ==
          Diagnostic{"code", Diagnostic::Severity::error, "message", {"f", 0, 0}, "", ""});
    CHECK(file.describe({1, 5}) == "f:1");
}
