#include "core/profile/toml_reader.hpp"

#include "support/catch.hpp"

using namespace devstack::core;

namespace {

std::vector<std::string> keys_of(const TomlValue& table) {
    std::vector<std::string> keys;
    for (const TomlEntry& entry : table.entries) {
        keys.push_back(entry.key.text);
    }
    return keys;
}

std::string mistake_of(const std::string& text) {
    const TomlDocument document = read_toml(text);
    if (!document.mistake) return "";
    return std::to_string(document.mistake->place.line) + ":" +
           std::to_string(document.mistake->place.column) + ": " + document.mistake->message;
}

std::string repeat(const std::string& text, int count) {
    std::string result;
    for (int i = 0; i < count; ++i) {
        result += text;
    }
    return result;
}

}  // namespace

TEST_CASE("tables keep the order of the file, and places of keys and values", "[unit][profile]") {
    const TomlDocument document =
        read_toml("[z]\nb = \"x\" # c\n  'q k' = [1,\n \"ü\"]\n[a.c]\nf = 1\n[z.sub]\ng = true\n");
    REQUIRE_FALSE(document.mistake);
    CHECK(keys_of(document.root) == std::vector<std::string>{"z", "a"});
    const TomlValue& z = document.root.entries[0].value;
    CHECK(keys_of(z) == std::vector<std::string>{"b", "q k", "sub"});
    CHECK(z.entries[0].key.place == Place{2, 1});
    CHECK(z.entries[0].value.place == Place{2, 5});
    CHECK(z.entries[0].value.text == "x");
    CHECK(z.entries[1].value.items[1].place == Place{4, 2});
    CHECK(z.entries[1].value.items[0].integer == 1);
    CHECK(z.entries[2].value.entries[0].value.boolean);
}

TEST_CASE("syntax errors have a place", "[unit][profile]") {
    CHECK(mistake_of("a = \n") == "1:5: this is not TOML: expected value, saw '\\n'");
    CHECK(mistake_of("a = 1\na = 2\n") ==
          "2:5: this is not TOML: cannot redefine existing integer 'a'");
    CHECK_FALSE(mistake_of("a = \"x\n").empty());
}

TEST_CASE("input that has killed the parser is a mistake like any other", "[unit][profile]") {
    CHECK_FALSE(mistake_of("[\n").empty());
    CHECK_FALSE(mistake_of("[a]\n\xC3\xBC = 2\n").empty());
    CHECK_FALSE(mistake_of("a\xC3\xBC = 2\n").empty());
    CHECK_FALSE(mistake_of(std::string("a = \"\0\"\n", 8)).empty());
    CHECK_FALSE(mistake_of("a = \"\xFF\"\n").empty());
    CHECK_FALSE(mistake_of(repeat("[", 100'000)).empty());
    CHECK_FALSE(mistake_of("x = " + repeat("{a=", 100'000)).empty());
    CHECK(mistake_of(repeat("a.", 200'000) + "a = 1") == "1:32: a key has too many parts");
    CHECK(mistake_of("\n[" + repeat("a.", 200'000) + "a]") == "2:33: a key has too many parts");
    CHECK(mistake_of("x = { " + repeat("a . ", 20'000) + "a = 1 }") ==
          "1:69: a key has too many parts");
}

TEST_CASE("dots in strings and comments are no parts of keys", "[unit][profile]") {
    const std::string dots(100, '.');
    CHECK(mistake_of("a = \"" + dots + "\\\"" + dots + "\" # " + dots).empty());
    CHECK(mistake_of("a = '" + dots + "'\nb = '''" + dots + "'\n" + dots + "'''\n").empty());
    CHECK(mistake_of("a = \"\"\"" + dots + "\"\"\"\"\"\nb.c.d.e.f.g = 1.5\n").empty());
    CHECK(mistake_of("\"" + dots + "\" = 1\n").empty());
}
