#include "cli/key_terminal.hpp"

#include "support/catch.hpp"

using namespace devstack::cli;
using Kind = Key::Kind;

TEST_CASE("what a terminal sends becomes keys", "[unit][top]") {
    CHECK(keys_in("r\r") == std::vector<Key>{{Kind::character, "r"}, {Kind::enter, ""}});
    CHECK(keys_in("\x7f\t\x1b") ==
          std::vector<Key>{{Kind::backspace, ""}, {Kind::tab, ""}, {Kind::escape, ""}});
    CHECK(keys_in("\x17é語") ==
          std::vector<Key>{{Kind::control, "w"}, {Kind::character, "é"}, {Kind::character, "語"}});
}

TEST_CASE("keys without a character are left out, and nothing of them is typed", "[unit][top]") {
    CHECK(keys_in("a\x1b[Ab") == std::vector<Key>{{Kind::character, "a"}, {Kind::character, "b"}});
    CHECK(keys_in("\x1bOP\x1b[1;5C\x1b[200~").empty());
    CHECK(keys_in("\x1b[1;").empty());
    CHECK(keys_in("\x1bx").empty());
    CHECK(keys_in("\x80").empty());
}
