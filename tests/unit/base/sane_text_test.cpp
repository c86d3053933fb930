#include "devstack/base/text.hpp"

#include "support/catch.hpp"

using namespace devstack;

TEST_CASE("valid text is left as it is", "[unit][base]") {
    for (const std::string text : {"", "plain", "a\tb", "Grüße, 世界 \xF0\x9F\x98\x80"}) {
        CHECK(sane_text(text) == text);
    }
}

TEST_CASE("each invalid byte becomes a replacement character", "[unit][base]") {
    const std::string bad = "\xEF\xBF\xBD";
    CHECK(sane_text("a\xFFz") == "a" + bad + "z");
    CHECK(sane_text("\xC3") == bad);
    CHECK(sane_text("\xE4\xB8") == bad + bad);
    CHECK(sane_text("\xC0\xAF") == bad + bad);
    CHECK(sane_text("\xED\xA0\x80") == bad + bad + bad);
    CHECK(sane_text("\xF4\x90\x80\x80") == bad + bad + bad + bad);
}

TEST_CASE("control characters are dropped", "[unit][base]") {
    CHECK(sane_text(std::string("a\0b", 3)) == "ab");
    CHECK(sane_text("bell\a\x7F") == "bell");
    CHECK(sane_text("c1\xC2\x9B") == "c1");
    CHECK(sane_text("line\r") == "line");
}

TEST_CASE("escape sequences are removed, and colours unless they are wanted", "[unit][base]") {
    const std::string red = "\x1b[31mred\x1b[0m plain";
    CHECK(sane_text(red) == "red plain");
    CHECK(sane_text(red, true) == red);
    CHECK(sane_text("\x1b[2J\x1b[1;1Hclear", true) == "clear");
    CHECK(sane_text("\x1b]0;title\atext") == "text");
    CHECK(sane_text("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\") == "link");
    CHECK(sane_text("\x1b(Bcharset\x1b"
                    "7") == "charset");
    CHECK(sane_text("\x1b]never ended") == "never ended");
    CHECK(sane_text("cut\x1b[3") == "cut");
    CHECK(sane_text("cut\x1b") == "cut");
}

TEST_CASE("colours that are left on end with the line", "[unit][base]") {
    CHECK(sane_text("\x1b[31mred", true) == "\x1b[31mred\x1b[0m");
    CHECK(sane_text("\x1b[31mred\x1b[mplain", true) == "\x1b[31mred\x1b[mplain");
}

TEST_CASE("of overwritten text the last state is shown", "[unit][base]") {
    CHECK(sane_text("10%\r50%\r100%") == "100%");
    CHECK(sane_text("abcdef\rXY") == "XYcdef");
    CHECK(sane_text("downloading\r\x1b[Kdone") == "done");
    CHECK(sane_text("downloading\x1b[2K\rdone") == "done");
    CHECK(sane_text("spin |\b/\b-") == "spin -");
    CHECK(sane_text("\x1b[31mred\r\x1b[0mb", true) == "\x1b[31m\x1b[0mb\x1b[0m\x1b[31med\x1b[0m");
}
