#include "devstack/core/logs/log_line.hpp"

#include "support/catch.hpp"

using namespace devstack::core;

TEST_CASE("a cursor is one short word that needs no quoting in a URL", "[unit][logs]") {
    LogCursor cursor;
    CHECK(cursor.text().empty());
    cursor.positions["api"] = {1234, 1234, LogStream::standard_output, {}, {}};
    CHECK(cursor.text() == "api:1234");
    cursor.positions["web"] = {88, 80, LogStream::standard_error, 3, {}};
    CHECK(cursor.text() == "api:1234,web:88/80e~o3");
    cursor.positions["web"] = {88, 80, LogStream::standard_output, 3, 0};
    CHECK(cursor.text() == "api:1234,web:88/80o~o3~e0");
}

TEST_CASE("cursors come back from their text", "[unit][logs]") {
    LogCursor cursor;
    cursor.positions["a,b:c%"] = {UINT64_MAX, 0, LogStream::standard_error, UINT32_MAX, 0};
    cursor.positions["api-2"] = {};
    cursor.positions["x"] = {7, 6, LogStream::standard_output, {}, 1};
    CHECK(LogCursor::parse(cursor.text()) == cursor);
    CHECK(LogCursor::parse("") == LogCursor{});
}

TEST_CASE("a cursor that is not well-formed is none", "[unit][logs]") {
    for (const char* text : {"api",
                             "api:",
                             ":",
                             "api:x",
                             "api:-1",
                             "api:5x",
                             "api:5/",
                             "api:5/4",
                             "api:5/5o",
                             "api:5/6o",
                             "api:5/4x",
                             "api:5~",
                             "api:5~o",
                             "api:5~e1~o1",
                             "api:18446744073709551616",
                             "api:5~o4294967296",
                             "api:1,api:2",
                             "api:1,",
                             ",api:1",
                             "a%2:1",
                             "a%zz:1",
                             "api:1,,web:1",
                             "api: 1"}) {
        INFO(text);
        CHECK_FALSE(LogCursor::parse(text));
    }
}

TEST_CASE("the streams have the names that people know", "[unit][logs]") {
    CHECK(name_of(LogStream::standard_output) == "stdout");
    CHECK(name_of(LogStream::standard_error) == "stderr");
}
