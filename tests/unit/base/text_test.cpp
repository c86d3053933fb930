#include "devstack/base/text.hpp"

#include "support/catch.hpp"

using namespace devstack;

TEST_CASE("what is replaced is not looked at again", "[unit][base]") {
    CHECK(replace_all("a-b-c", "-", "--") == "a--b--c");
    CHECK(replace_all("abc", "x", "y") == "abc");
    CHECK(replace_all("aaa", "aa", "") == "a");
    CHECK(replace_all("", "a", "b").empty());
}

TEST_CASE("a misspelt name finds the one that was meant", "[unit][base]") {
    const std::vector<std::string> keys{"command", "depends_on", "port", "ports", "env"};
    CHECK(closest_match("comand", keys) == "command");
    CHECK(closest_match("depend_on", keys) == "depends_on");
    CHECK(closest_match("prot", keys) == "port");
    CHECK(closest_match("PORTS", keys) == "ports");
    CHECK(closest_match("evn", keys) == "env");
    CHECK(did_you_mean("comand", keys) == " (did you mean `command`?)");
}

TEST_CASE("nothing is guessed when nothing is near", "[unit][base]") {
    const std::vector<std::string> keys{"command", "env"};
    CHECK(closest_match("healthcheck", keys) == std::nullopt);
    CHECK(closest_match("", keys) == std::nullopt);
    CHECK(closest_match(std::string(100'000, 'x'), keys) == std::nullopt);
    CHECK(did_you_mean("healthcheck", keys).empty());
}

TEST_CASE("words are joined as people do", "[unit][base]") {
    CHECK(join_for_people({}) == "nothing");
    CHECK(join_for_people({"a"}) == "a");
    CHECK(join_for_people({"a", "b"}) == "a and b");
    CHECK(join_for_people({"a", "b", "c"}) == "a, b and c");
    CHECK(join({"a", "b", "c"}, " -> ") == "a -> b -> c");
    CHECK(join({}, ", ").empty());
}

TEST_CASE("counted nouns get their plural", "[unit][base]") {
    CHECK(count_of(1, "service") == "1 service");
    CHECK(count_of(0, "service") == "0 services");
    CHECK(count_of(2, "process") == "2 processes");
    CHECK(count_of(2, "dependency") == "2 dependencies");
    CHECK(count_of(2, "day") == "2 days");
}

TEST_CASE("byte counts are shown with three digits", "[unit][base]") {
    CHECK(render_bytes(0) == "0 B");
    CHECK(render_bytes(512) == "512 B");
    CHECK(render_bytes(1023) == "1023 B");
    CHECK(render_bytes(1536) == "1.5 KiB");
    CHECK(render_bytes(12ULL * 1024 * 1024) == "12 MiB");
    CHECK(render_bytes(1234567) == "1.18 MiB");
    CHECK(render_bytes(1024 * 1024 - 1) == "1 MiB");
    CHECK(render_bytes(100ULL * 1024) == "100 KiB");
    CHECK(render_bytes(~0ULL) == "16 EiB");
}

TEST_CASE("words are quoted only when a shell would take them apart", "[unit][base]") {
    CHECK(shell_quote("npm") == "npm");
    CHECK(shell_quote("--port=3000") == "--port=3000");
    CHECK(shell_quote("") == "''");
    CHECK(shell_quote("a b") == "'a b'");
    CHECK(shell_quote("it's") == "'it'\\''s'");
    CHECK(shell_quote("$HOME") == "'$HOME'");
    CHECK(shell_quote("~") == "'~'");
}

TEST_CASE("what is too long ends with an ellipsis, at a character", "[unit][base]") {
    CHECK(shorten("short", 5) == "short");
    CHECK(shorten("longer", 5) == "lo…");
    CHECK(shorten("aäää", 6) == "aä…");
    CHECK(shorten("aäää", 5) == "a…");
}

TEST_CASE("sizes are written with a unit", "[unit][text]") {
    CHECK(parse_bytes("1GiB").value() == 1'073'741'824);
    CHECK(parse_bytes("512 MiB").value() == 536'870'912);
    CHECK(parse_bytes("0KiB").value() == 0);
    for (const char* const bad :
         {"", "1", "MiB", "1MB", "-1MiB", "1.5GiB", "1MiB ", "99999999TiB"}) {
        const auto size = parse_bytes(bad);
        REQUIRE_FALSE(size);
        CHECK(size.error().message ==
              "\"" + std::string{bad} +
                  "\" is not a size: write a whole number with a unit, KiB, "
                  "MiB, GiB or TiB, such as \"500MiB\"");
    }
}
