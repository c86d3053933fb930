#include "devstack/core/logs/line_pattern.hpp"

#include "support/catch.hpp"

#include <string>
#include <string_view>

#include <re2/re2.h>

using namespace devstack::core;

namespace {

bool found(const std::string& pattern, const std::string& line) {
    const auto parsed = LinePattern::parse(pattern);
    INFO(pattern);
    REQUIRE(parsed);
    return parsed->matches(line);
}

std::string refusal(const std::string& pattern) {
    const auto parsed = LinePattern::parse(pattern);
    return parsed ? "none" : parsed.error().message;
}

}  // namespace

TEST_CASE("a pattern is searched anywhere in the line", "[unit][logs]") {
    CHECK(found("error", "an error came"));
    CHECK_FALSE(found("error", "an Error came"));
    CHECK(found("err(or|no)", "errno 5"));
    CHECK(found("^GET /api/\\d+ 5..$", "GET /api/17 502"));
    CHECK_FALSE(found("^GET", " GET"));
    CHECK(found("a\\.b", "1 a.b 2"));
    CHECK_FALSE(found("a\\.b", "1 aXb 2"));
    CHECK(found("", "anything"));
    CHECK(found("größe", "die größe"));
}

TEST_CASE("lines are matched as they look, without colours and overwritten text", "[unit][logs]") {
    CHECK(found("ERROR: disk", "\x1b[31mERROR:\x1b[0m disk full"));
    CHECK_FALSE(found("31m", "\x1b[31mERROR:\x1b[0m disk full"));
}

TEST_CASE("a pattern that is wrong is refused with the reason", "[unit][logs]") {
    CHECK(refusal("a(b") == "cannot search for the pattern \"a(b\": a ( has no ), or a ) has no (");
    CHECK(refusal("[a") == "cannot search for the pattern \"[a\": a [ has no ]");
    CHECK(refusal("*a") ==
          "cannot search for the pattern \"*a\": there is nothing to repeat before *, +, ? or {");
    CHECK(refusal("(a)\\1") ==
          "cannot search for the pattern \"(a)\\1\": back-references are not supported");
    CHECK(refusal("(a{1000}){1000}") ==
          "cannot search for the pattern \"(a{1000}){1000}\": it repeats more than 1000 times: "
          "{1000}");
    CHECK(refusal("a{2000}") ==
          "cannot search for the pattern \"a{2000}\": it repeats more than 1000 times: {2000}");
    CHECK(refusal("a)") == "cannot search for the pattern \"a)\": a ( has no ), or a ) has no (");
    CHECK(refusal("a**") ==
          "cannot search for the pattern \"a**\": what is repeated is repeated already: **");
    CHECK(refusal("[b-a]") ==
          "cannot search for the pattern \"[b-a]\": b-a is no range of characters");
    CHECK(refusal("[[:wort:]]") ==
          "cannot search for the pattern \"[[:wort:]]\": [:wort:] is no range of characters");
    CHECK(refusal("(?=a)") == "cannot search for the pattern \"(?=a)\": (?= is not supported");
    CHECK(refusal("\\q") ==
          "cannot search for the pattern \"\\q\": a \\ is followed by something unknown");
    CHECK(refusal("a.\\") == "cannot search for the pattern \"a.\\\": a \\ is followed by nothing");
    CHECK(refusal("a.\xff") == "cannot search for the pattern \"a.\xff\": it is not UTF-8");
    CHECK(refusal(std::string(5000, '(')) ==
          "cannot search for the pattern \"" + std::string(80, '(') + "\": it is too large");
}

TEST_CASE("no pattern takes for ever, and no line is too long", "[unit][logs]") {
    CHECK_FALSE(found("^(a+)+$", std::string(200, 'a') + "b"));
    CHECK(found("x.*y", "x" + std::string(16 * 1024, '-') + "y"));
    CHECK_FALSE(found("(x|-)*z$", std::string(16 * 1024, '-')));
}

TEST_CASE("the text that a match must contain is found", "[unit][logs]") {
    const auto required = [](const std::string& pattern) {
        return find_required_text(pattern).text;
    };
    CHECK(required("timeout.*after (\\d+) ms") == "timeout");
    CHECK(required("ab+cde?f") == "cd");
    CHECK(required("a|b").empty());
    CHECK(required("x(a|b)yz") == "yz");
    CHECK(required("(abc)?d") == "d");
    CHECK(required("abc{2}d") == "ab");
    CHECK(required("[abc]+d[]e]fg") == "fg");
    CHECK(required("[[:alpha:]xyz]w").empty());
    CHECK(required("\\x41bc").empty());
    CHECK(required("\\bword\\b") == "word");
    CHECK(required("a{2,3}").empty());
    CHECK(required("(?i)error").empty());
    CHECK(required("\\pLu").empty());
    CHECK(required("\\Qa.b\\E").empty());
    CHECK(required("Größe?n") == "Größ");
    CHECK(required("xyä{2}z") == "xy");
    CHECK(required("ä?b") == "b");
    CHECK(required("\xEF\xBF\xBD*").empty());
    CHECK(find_required_text("a\\.b-c").is_whole);
    CHECK(find_required_text("a\\.b-c").text == "a.b-c");
    CHECK_FALSE(find_required_text("a.b").is_whole);
}

TEST_CASE("the required text never hides a match of the whole pattern", "[unit][logs]") {
    const std::string alphabet = "ab.*+?()[]|\\{}^$2,:";
    unsigned seed = 1;
    const auto next = [&seed](std::size_t bound) {
        seed = seed * 1103515245U + 12345U;
        return (seed >> 8) % bound;
    };
    const auto some_text = [&](std::size_t size, std::string_view characters) {
        std::string text;
        while (text.size() < size)
            text += characters[next(characters.size())];
        return text;
    };
    // Every other time with a character of two bytes.
    const auto widen = [](std::string text, int i) {
        for (auto at = text.find('2'); i % 2 != 0 && at != text.npos; at = text.find('2'))
            text.replace(at, 1, "ä");
        return text;
    };
    int compared = 0;
    for (int i = 0; i < 60'000; ++i) {
        const std::string pattern = widen(some_text(1 + next(7), alphabet), i);
        const std::string line = widen(some_text(next(8), "ab.2"), i);
        const auto parsed = LinePattern::parse(pattern);
        if (!parsed) continue;
        INFO(pattern << "   in   " << line);
        CHECK(parsed->matches(line) == re2::RE2::PartialMatch(line, pattern));
        ++compared;
        // Among other lines it is not passed over.
        const std::string before = some_text(next(5), "ab.\n") + "\n";
        const std::string text = before + line + "\n" + some_text(next(5), "ab.\n");
        if (parsed->matches(line))
            CHECK(parsed->find_candidate(text) <= before.size() + line.size());
    }
    CHECK(compared > 10'000);
}

TEST_CASE("what is no UTF-8 is no obstacle", "[unit][logs]") {
    CHECK(found("x.y", "x\xffy"));
    CHECK(found("x.y", "x\u00e4y"));
    CHECK(found("^.$", "\xc3"));
    CHECK(found("b\xef\xbf\xbd", "ab\xff"));
    CHECK_FALSE(found("x.y", "x\xff\xffy"));
    const auto pattern = LinePattern::parse("x.y");
    CHECK(pattern->is_found_in("a\r\nx\xffy\r\n"));
    CHECK(pattern->find_candidate("x\ny\nx\xffy") <= 4);
}

TEST_CASE("among many lines those that can match are found", "[unit][logs]") {
    const auto candidate = [](const std::string& pattern, const std::string& text) {
        return LinePattern::parse(pattern)->find_candidate(text);
    };
    const std::string text = "one\ntwo\nthree\n";
    CHECK(candidate("hre", text) == 9);
    CHECK(candidate("hre.$", text) == 9);
    CHECK(candidate("four", text) == text.size());
    CHECK(candidate("^[s-t][w]", text) == 4);
    CHECK(candidate("[x-z]", text) == text.size());
    CHECK(candidate("e$|^$", text) == 2);
    CHECK(candidate("\\Athr", text) == 8);
    CHECK(candidate("\\A[t]", text) == 0);
    CHECK(candidate("(?-m)^[t]", text) == 0);
    CHECK(candidate("", text) == 0);
    CHECK(candidate("four", "one\n\x1b[1mf\x1b[0mour\n") == 4);
    CHECK(candidate("[f]our", "one\r\nfour\n") == 3);
}

TEST_CASE("in a part of a line its own ends are no line ends", "[unit][logs]") {
    const auto begin = LinePattern::parse("^up");
    const auto end = LinePattern::parse("up$");
    REQUIRE((begin && end));
    CHECK(begin->matches("up"));
    CHECK_FALSE(begin->matches("up", {false, true}));
    CHECK(end->matches("up", {false, true}));
    CHECK_FALSE(end->matches("up", {true, false}));
    CHECK(end->matches("it is up", {false, true}));
}

TEST_CASE("the place of a match is told, one after the other", "[unit][logs]") {
    const auto places = [](const std::string& pattern, std::string_view line) {
        const auto parsed = LinePattern::parse(pattern);
        REQUIRE(parsed);
        std::string text;
        std::size_t from = 0;
        while (const auto match = parsed->find(line, from)) {
            text += std::to_string(match->begin) + "+" + std::to_string(match->size) + " ";
            from = match->begin + match->size;
        }
        return text;
    };
    CHECK(places("an", "banana") == "1+2 3+2 ");
    CHECK(places("a.", "banana") == "1+2 3+2 ");
    CHECK(places("^b.", "baba") == "0+2 ");
    CHECK(places("a*", "baab") == "1+2 ");
    CHECK(places("x", "banana").empty());
    CHECK(places("", "banana").empty());
}
