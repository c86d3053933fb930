#include "devstack/cli/log_view.hpp"

#include "support/catch.hpp"

using namespace devstack;
using namespace devstack::cli;

namespace {

core::LogLine line(const std::string& text) {
    core::LogLine it;
    it.service = "api";
    it.time = *parse_timestamp("2026-11-21T12:00:03.123Z", WallTime{});
    it.text = text;
    return it;
}

const LogLook plain{8, false, false};
const LogLook coloured{8, false, true};

}  // namespace

TEST_CASE("lines of several services stand below each other", "[unit][cli]") {
    CHECK(prefix_width_for({"api", "postgres"}) == 8);
    CHECK(prefix_width_for({}) == 1);
    CHECK(prefix_width_for({std::string(100, 'a')}) == 30);
    CHECK(render_log_line(line("listening"), plain) == "api      | listening");
    core::LogLine other = line("x");
    other.service = "a-very-long-name";
    CHECK(render_log_line(other, plain) == "a-very-\u2026 | x");
}

TEST_CASE("a line can come without a name or with its time", "[unit][cli]") {
    CHECK(render_log_line(line("x"), {0, false, false}) == "x");
    CHECK(render_log_line(line("x"), {0, true, false}) == "2026-11-21T12:00:03.123Z x");
    CHECK(render_log_line(line("x"), {3, true, false}) == "api | 2026-11-21T12:00:03.123Z x");
}

TEST_CASE("a later part of a line is marked", "[unit][cli]") {
    core::LogLine part = line("rest");
    part.is_continued = true;
    CHECK(render_log_line(part, plain) == "api      + rest");
}

TEST_CASE("a program's colours stay where colours may be, and end with its line", "[unit][cli]") {
    const std::string red = "\x1b[31mred";
    CHECK(render_log_line(line(red), plain) == "api      | red");
    const std::string shown = render_log_line(line(red), coloured);
    CHECK(shown.substr(shown.size() - 12) == "\x1b[31mred\x1b[0m");
    CHECK(render_log_line(line("\x1b[2J\x1b[H\x07gone"), plain) == "api      | gone");
}

TEST_CASE("standard error has a red mark", "[unit][cli]") {
    core::LogLine error = line("x");
    error.stream = core::LogStream::standard_error;
    CHECK(render_log_line(error, coloured).find(" \x1b[31m|\x1b[0m x") != std::string::npos);
    CHECK(render_log_line(line("x"), coloured).find(" \x1b[2m|\x1b[0m x") != std::string::npos);
}

TEST_CASE("what rotation has taken is told in its place", "[unit][cli]") {
    core::LogGap gap;
    gap.service = "api";
    gap.lost_bytes = 1536;
    CHECK(render_log_gap(gap, plain) ==
          "api      | ... 1.5 KiB of older output has been removed ...");
    gap.cause = core::LogGap::Cause::unwritten;
    CHECK(render_log_gap(gap, plain) ==
          "api      | ... 1.5 KiB of output were lost here, because the log could not be written "
          "...");
    gap = {"api", 0, {}};
    CHECK(render_log_gap(gap, plain) ==
          "api      | ... older output has been removed, and the log begun anew ...");
}

TEST_CASE("gaps are shown between the lines", "[unit][cli]") {
    const std::vector<core::LogLine> lines{line("one"), line("two")};
    std::vector<core::LogGap> gaps(3);
    gaps[1].lines_before = 1;
    gaps[2].lines_before = 2;
    std::string shown;
    const auto show = [&shown](const auto& entry) {
        if constexpr (requires { entry.text; }) shown += entry.text + " ";
        if constexpr (requires { entry.lost_bytes; }) shown += "gap ";
    };
    for_each_in_order(lines, gaps, show);
    CHECK(shown == "gap one gap two gap ");
}

TEST_CASE("a service keeps its colour", "[unit][cli]") {
    CHECK(style_of_service("api") == style_of_service("api"));
    CHECK(style_of_service("api") != style_of_service("postgres"));
}
