#include "devstack/platform/random_text.hpp"

#include "support/catch.hpp"

#include <set>

using devstack::platform::random_hex_text;

TEST_CASE("random texts have their length, and are all different", "[unit][platform]") {
    std::set<std::string> texts;
    for (int i = 0; i < 100; ++i) {
        const auto text = random_hex_text(32);
        REQUIRE(text);
        CHECK(text->size() == 64);
        CHECK(text->find_first_not_of("0123456789abcdef") == std::string::npos);
        texts.insert(*text);
    }
    CHECK(texts.size() == 100);
}
