#include "devstack/core/profile/dotenv.hpp"

#include "support/catch.hpp"

#include <chrono>
#include <utility>

using namespace devstack;
using namespace devstack::core;

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Dotenv parse(const std::string& text) {
    return parse_dotenv(SourceFile{".env", text});
}

Pairs pairs_of(const std::string& text) {
    const Dotenv dotenv = parse(text);
    INFO(render_diagnostics(dotenv.diagnostics));
    CHECK(dotenv.diagnostics.empty());
    Pairs pairs;
    for (const DotenvEntry& entry : dotenv.entries) {
        pairs.emplace_back(entry.name.text, entry.value.text);
    }
    return pairs;
}

std::string mistakes_of(const std::string& text) {
    return render_diagnostics(parse(text).diagnostics);
}

}  // namespace

TEST_CASE("plain values end with the line or a comment", "[unit][profile]") {
    CHECK(pairs_of("A=1\n\n# comment\n  B = two words  \nC=\nD=x#y # z\nE= # nothing\nF=#x") ==
          Pairs{{"A", "1"}, {"B", "two words"}, {"C", ""}, {"D", "x#y"}, {"E", ""}, {"F", "#x"}});
    CHECK(pairs_of("A=it's \"so\"\nB=a\\nb") == Pairs{{"A", "it's \"so\""}, {"B", "a\\nb"}});
}

TEST_CASE("export, CRLF, BOM and a missing last line end change nothing", "[unit][profile]") {
    CHECK(pairs_of("\xEF\xBB\xBF"
                   "export A=1\r\nexport\tB='2'\r\nC=\"3\"\r\n\r\nexport=4") ==
          Pairs{{"A", "1"}, {"B", "2"}, {"C", "3"}, {"export", "4"}});
}

TEST_CASE("single quotes keep everything", "[unit][profile]") {
    CHECK(pairs_of("A='a \\n # ${X} \"'  # comment\nB='two\nlines'") ==
          Pairs{{"A", "a \\n # $${X} \""}, {"B", "two\nlines"}});
}

TEST_CASE("double quotes know escapes and go over lines", "[unit][profile]") {
    CHECK(pairs_of(R"(A="a\nb\tc\r\"d\\e\$f\q")"
                   "\nB=\"two\r\nlines\"\nC=\"# no comment\"") ==
          Pairs{{"A", "a\nb\tc\r\"d\\e$$f\\q"}, {"B", "two\nlines"}, {"C", "# no comment"}});
}

TEST_CASE("only a brace makes a dollar a reference", "[unit][profile]") {
    CHECK(pairs_of("A=${X}/$Y pa$$word\nB=\"${X} $Y \\${Z}\"") ==
          Pairs{{"A", "${X}/$$Y pa$$$$word"}, {"B", "${X} $$Y $${Z}"}});
}

TEST_CASE("names and values know their places", "[unit][profile]") {
    const Dotenv dotenv = parse("# ü\n  A = 'ü'\nB='\n'\nC=x\n");
    REQUIRE(dotenv.entries.size() == 3);
    CHECK(dotenv.entries[0].name.place == Place{2, 3});
    CHECK(dotenv.entries[0].value.place == Place{2, 7});
    CHECK(dotenv.entries[2].name.place == Place{5, 1});
    CHECK(dotenv.entries[2].value.place == Place{5, 3});
}

TEST_CASE("bad lines are reported, never shown, and skipped", "[unit][profile]") {
    const std::string text =
        "A=1\n"
        "just words\n"
        "2B=hunter22\n"
        "C='never closed\n"
        "D=\"x\" y\n"
        "export\n"
        "E=5\n";
    CHECK(mistakes_of(text) ==
          ".env:2:1: error: expected NAME=value [bad-env-line]\n"
          ".env:3:1: error: what is before the `=` is not the name of a variable [bad-env-line]\n"
          "  hint: use letters from a to z, digits and `_`, and no digit in front\n"
          ".env:4:3: error: the value of `C` begins with a ' that is never closed "
          "[unterminated-quote]\n"
          ".env:5:7: error: unexpected text behind the value of `D` [bad-env-line]\n"
          "  hint: put all of the value between the quotes\n"
          ".env:6:1: error: expected NAME=value [bad-env-line]\n");
    const Dotenv dotenv = parse(text);
    REQUIRE(dotenv.entries.size() == 2);
    CHECK(dotenv.entries[1].name.text == "E");
}

TEST_CASE("NUL does not get into a value", "[unit][profile]") {
    CHECK(mistakes_of(std::string("A=x\0y\n", 6)) ==
          ".env:1:3: error: the value of `A` contains NUL [bad-character]\n");
}

TEST_CASE("an odd end of the file ends nothing else", "[unit][profile]") {
    for (const std::string text : {"=",
                                   "A",
                                   "A=\"",
                                   "A=\"\\",
                                   "A='",
                                   "export",
                                   "export ",
                                   "\\",
                                   "A=\"x\\\n",
                                   "#",
                                   " ",
                                   "\r",
                                   "A=\"\"\"",
                                   "A=''x"}) {
        INFO(text);
        CHECK(parse(text).entries.size() + parse(text).diagnostics.size() <= 1);
    }
}

TEST_CASE("a large file that is no env file is soon seen through", "[unit][profile]") {
    std::string words;
    for (int i = 0; i < 100'000; ++i) {
        words += std::string(200, 'x') + "\n";
    }
    const auto begin = std::chrono::steady_clock::now();
    CHECK(parse(words).diagnostics.size() == 100'000);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{15});
}
