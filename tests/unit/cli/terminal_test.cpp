#include "devstack/cli/terminal.hpp"

#include "support/catch.hpp"

#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

using namespace devstack::cli;

namespace {

/// A file is no terminal: only what the person wishes can bring colour.
bool file_has_colour(ColourMode mode) {
    const int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    const Terminal terminal = examine_terminal(fd, mode);
    close(fd);
    CHECK_FALSE(terminal.is_terminal);
    CHECK(terminal.width == 0);
    return terminal.has_colour;
}

}  // namespace

TEST_CASE("colour is a matter of wish, then of environment, then of the terminal", "[unit][cli]") {
    unsetenv("NO_COLOR");
    unsetenv("CLICOLOR_FORCE");
    CHECK_FALSE(file_has_colour(ColourMode::automatic));
    CHECK(file_has_colour(ColourMode::always));
    setenv("CLICOLOR_FORCE", "1", 1);
    CHECK(file_has_colour(ColourMode::automatic));
    CHECK_FALSE(file_has_colour(ColourMode::never));
    setenv("NO_COLOR", "1", 1);
    CHECK_FALSE(file_has_colour(ColourMode::automatic));
    CHECK(file_has_colour(ColourMode::always));
    unsetenv("NO_COLOR");
    setenv("CLICOLOR_FORCE", "0", 1);
    CHECK_FALSE(file_has_colour(ColourMode::automatic));
    unsetenv("CLICOLOR_FORCE");
}

TEST_CASE("paint leaves alone what has no colour", "[unit][cli]") {
    CHECK(paint("x", Style::red, true) == "\x1b[31mx\x1b[0m");
    CHECK(paint("x", Style::red, false) == "x");
    CHECK(paint("x", Style::plain, true) == "x");
    CHECK(paint("", Style::red, true).empty());
}

TEST_CASE("width counts columns, not bytes", "[unit][cli]") {
    CHECK(display_width("") == 0);
    CHECK(display_width("abc") == 3);
    CHECK(display_width("gr\u00fc\u00df") == 4);
    CHECK(display_width("\u65e5\u672c") == 4);
    CHECK(display_width("e\u0301") == 1);
    CHECK(display_width("\x1b[31mred\x1b[0m") == 3);
}

TEST_CASE("padding fills up and never cuts", "[unit][cli]") {
    CHECK(pad("ab", 4) == "ab  ");
    CHECK(pad("ab", 4, true) == "  ab");
    CHECK(pad("\u65e5", 3) == "\u65e5 ");
    CHECK(pad("abcdef", 3) == "abcdef");
}

TEST_CASE("text is wrapped at spaces, and words that are too long are cut", "[unit][cli]") {
    using Lines = std::vector<std::string>;
    CHECK(wrap("", 5) == Lines{""});
    CHECK(wrap("one two", 7) == Lines{"one two"});
    CHECK(wrap("one two three", 7) == Lines{"one two", "three"});
    CHECK(wrap("one two", 5) == Lines{"one", "two"});
    CHECK(wrap("abcdefgh ij", 3) == Lines{"abc", "def", "gh", "ij"});
    CHECK(wrap("a   b", 2) == Lines{"a", "b"});
    CHECK(wrap("\u65e5\u672c\u8a9e", 4) == Lines{"\u65e5\u672c", "\u8a9e"});
}

TEST_CASE("what is shortened says so", "[unit][cli]") {
    CHECK(shorten("abcdef", 0) == "abcdef");
    CHECK(shorten("abcdef", 6) == "abcdef");
    CHECK(shorten("abcdef", 4) == "abc\u2026");
}

TEST_CASE("a bad phase looks bad", "[unit][cli]") {
    for (const char* const phase : {"blocked", "unhealthy", "backing-off", "failed"}) {
        CHECK(is_problem(phase));
        const Style style = style_of_phase(phase);
        CHECK((style == Style::red || style == Style::yellow));
    }
    for (const char* const phase :
         {"stopped", "waiting", "preparing", "starting", "ready", "stopping", "completed"}) {
        CHECK_FALSE(is_problem(phase));
    }
    CHECK(style_of_phase("ready") == Style::green);
}
