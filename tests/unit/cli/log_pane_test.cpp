#include "cli/top/log_pane.hpp"

#include "support/catch.hpp"

using namespace devstack;
using namespace devstack::cli;

namespace {

core::api::LogsMessage lines(const std::vector<std::string>& texts) {
    core::api::LogsMessage message;
    for (const std::string& text : texts) {
        core::LogLine line;
        line.service = "api";
        line.text = text;
        message.lines.push_back(line);
    }
    return message;
}

std::string shown(const LogPane& pane) {
    std::string text;
    for (const FrameLine& line : pane.draw()) {
        std::string row = text_of(line);
        row.erase(row.find_last_not_of(' ') + 1);
        text += row + "\n";
    }
    return text;
}

struct Numbered : LogPane {
    Numbered() {
        resize({20, 3});
        add_numbers(1, 9);
    }
    void add_numbers(int from, int to) {
        for (int i = from; i <= to; ++i)
            add(lines({"line " + std::to_string(i)}));
    }
};

}  // namespace

TEST_CASE("a log follows until somebody scrolls back", "[unit][top]") {
    Numbered pane;
    CHECK(shown(pane) == "| line 7\n| line 8\n| line 9\n");
    pane.scroll(-2);
    CHECK(shown(pane) == "| line 5\n| line 6\n| line 7\n");
    pane.add_numbers(10, 12);
    CHECK(shown(pane) == "| line 5\n| line 6\n| line 7\n");
    CHECK_FALSE(pane.is_following());
    CHECK(pane.lines_below() == 5);
    pane.scroll(100);
    CHECK(pane.is_following());
    CHECK(shown(pane) == "| line 10\n| line 11\n| line 12\n");
}

TEST_CASE("the oldest line is the end of scrolling back", "[unit][top]") {
    Numbered pane;
    pane.scroll(-100);
    CHECK(shown(pane) == "| line 1\n| line 2\n| line 3\n");
    pane.follow();
    pane.show_oldest();
    CHECK(shown(pane) == "| line 1\n| line 2\n| line 3\n");
    pane.scroll(1);
    CHECK(shown(pane) == "| line 2\n| line 3\n| line 4\n");
}

TEST_CASE("what fits is not scrolled, and stands at the top", "[unit][top]") {
    LogPane pane;
    pane.resize({20, 3});
    CHECK(shown(pane) == "\n\n\n");
    pane.add(lines({"only"}));
    pane.scroll(-5);
    CHECK(pane.is_following());
    CHECK(shown(pane) == "| only\n\n\n");
}

TEST_CASE("long lines are cut, shifted or wrapped", "[unit][top]") {
    LogPane pane;
    pane.resize({10, 3});
    pane.add(lines({"abcdefghijklmnop"}));
    CHECK(shown(pane) == "| abcdefg…\n\n\n");
    pane.shift(4);
    CHECK(shown(pane) == "| efghijk…\n\n\n");
    pane.shift(-100);
    pane.toggle_wrap();
    CHECK(shown(pane) == "| abcdefgh\nijklmnop\n\n");
    pane.add(lines({"1", "2"}));
    CHECK(shown(pane) == "ijklmnop\n| 1\n| 2\n");
    pane.scroll(-1);
    CHECK(shown(pane) == "| abcdefgh\nijklmnop\n| 1\n");
    pane.resize({20, 3});
    CHECK(shown(pane) == "| abcdefghijklmnop\n| 1\n| 2\n");
}

TEST_CASE("names, times, marks and gaps", "[unit][top]") {
    LogPane pane;
    pane.resize({60, 4});
    pane.set_name_width(4);
    core::api::LogsMessage message = lines({"out", "err"});
    message.lines[1].stream = core::LogStream::standard_error;
    message.lines[1].is_continued = true;
    message.gaps.push_back({"api", 2048, {}, core::LogGap::Cause::removed, 1});
    pane.add(message);
    pane.add_remark("database", WallTime{std::chrono::hours{12}}, "\x1b[32mready\x1b[0m");
    CHECK(shown(pane) ==
          "api  | out\n"
          "api  | ... 2 KiB of older output has been removed ...\n"
          "api  + err\n"
          "dat… * ready\n");
    pane.toggle_timestamps();
    CHECK(text_of(pane.draw().back()).starts_with("12:00:00 dat… * ready"));
}

TEST_CASE("a search shows the newest match, then older ones and newer ones", "[unit][top]") {
    Numbered pane;
    pane.add_numbers(10, 30);
    const Result<std::size_t> count = pane.search("line .*5$");
    REQUIRE(count);
    CHECK(*count == 3);
    CHECK(shown(pane) == "| line 24\n| line 25\n| line 26\n");
    // What is marked is the match alone, and the line that was found stands out.
    const FrameLine found = pane.draw()[1];
    REQUIRE(found.size() >= 2);
    CHECK(found[1] == Span{"line 25", {Style::yellow, true, true}});
    CHECK(pane.show_match(true));
    CHECK(shown(pane) == "| line 14\n| line 15\n| line 16\n");
    CHECK(pane.show_match(true));
    CHECK_FALSE(pane.show_match(true));
    CHECK(shown(pane) == "| line 4\n| line 5\n| line 6\n");
    CHECK(pane.show_match(false));
    CHECK(shown(pane) == "| line 14\n| line 15\n| line 16\n");
    pane.end_search();
    CHECK_FALSE(pane.show_match(true));
}

TEST_CASE("a match that is to be seen stays where it is", "[unit][top]") {
    Numbered pane;
    REQUIRE(pane.search("line 8"));
    CHECK(shown(pane) == "| line 7\n| line 8\n| line 9\n");
    pane.add_numbers(10, 20);
    CHECK(shown(pane) == "| line 7\n| line 8\n| line 9\n");
}

TEST_CASE("a search for nothing that is there changes nothing", "[unit][top]") {
    Numbered pane;
    CHECK(*pane.search("nothing") == 0);
    CHECK(pane.is_following());
    const Result<std::size_t> bad = pane.search("(");
    REQUIRE_FALSE(bad);
    CHECK(bad.error().message ==
          "cannot search for the pattern \"(\": a ( has no ), or a ) has no (");
}

TEST_CASE("a log that never ends keeps its newest lines", "[unit][top]") {
    Numbered pane;
    pane.show_oldest();
    pane.add_numbers(10, static_cast<int>(LogPane::lines_max) + 5);
    CHECK(pane.size() == LogPane::lines_max);
    // What somebody looked at is gone: the oldest that is left takes its place.
    CHECK(shown(pane) == "| line 6\n| line 7\n| line 8\n");
}
