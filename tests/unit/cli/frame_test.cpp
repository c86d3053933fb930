#include "cli/top/frame.hpp"

#include "support/catch.hpp"

using namespace devstack::cli;

namespace {

std::vector<std::string> texts_of(const std::vector<FrameLine>& lines) {
    std::vector<std::string> texts;
    for (const FrameLine& line : lines)
        texts.push_back(text_of(line));
    return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("colours of a text become looks, tabs become spaces", "[unit][top]") {
    const FrameLine line = line_of_text("a\tb \x1b[1;31mred\x1b[0m \x1b[38;5;208morange\x1b[m");
    CHECK(text_of(line) == "a       b red orange");
    REQUIRE(line.size() == 3);
    CHECK(line[1] == Span{"red", {Style::red, true, false}});
    CHECK(line[2] == Span{" orange", {}});
}

TEST_CASE("a sequence without an end ends the line", "[unit][top]") {
    CHECK(text_of(line_of_text("before \x1b[31")) == "before ");
}

TEST_CASE("a line is made to fit, also between wide characters", "[unit][top]") {
    CHECK(text_of(fit({{"abc", {}}}, 5)) == "abc  ");
    CHECK(text_of(fit({{"abcdef", {}}}, 5)) == "abcd…");
    CHECK(text_of(fit({{"ab", {}}, {"cdef", {Style::red}}}, 3)) == "ab…");
    // A character of two columns that has only one does not come.
    CHECK(text_of(fit({{"日本語", {}}}, 4)) == "日… ");
    CHECK(text_of(fit({{"日本", {}}}, 4)) == "日本");
    CHECK(text_of(fit({{"abc", {}}}, 0)).empty());
}

TEST_CASE("a line is split at the width, and sentences at their spaces", "[unit][top]") {
    CHECK(texts_of(split({{"abcdefg", {}}}, 3)) == Texts{"abc", "def", "g"});
    CHECK(texts_of(split({{"a日本", {}}}, 3)) == Texts{"a日", "本"});
    CHECK(texts_of(split({{"日", {}}}, 1)) == Texts{"日"});
    CHECK(texts_of(split({}, 10)) == Texts{""});
    CHECK(texts_of(split_at_words({{"  one two three", {}}}, 9)) == Texts{"  one two", "  three"});
    CHECK(texts_of(split_at_words({{"unbreakable", {}}}, 4)) == Texts{"unbr", "eaka", "ble"});
    CHECK(texts_of(split_at_words({{"short", {}}}, 80)) == Texts{"short"});
}

TEST_CASE("the front of a line is left out by columns", "[unit][top]") {
    CHECK(text_of(without_front({{"ab", {}}, {"cdef", {}}}, 3)) == "def");
    CHECK(text_of(without_front({{"日本", {}}}, 2)) == "本");
    CHECK(text_of(without_front({{"ab", {}}}, 9)).empty());
}

TEST_CASE("a mark keeps what is around it", "[unit][top]") {
    const Look mark{Style::yellow, true, true};
    const FrameLine line = with_mark({{"ab", {Style::red}}, {"cd", {}}}, 1, 2, mark);
    REQUIRE(line.size() == 3);
    CHECK(line[0] == Span{"a", {Style::red}});
    CHECK(line[1] == Span{"bc", mark});
    CHECK(line[2] == Span{"d", {}});
}
