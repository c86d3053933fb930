#include "devstack/base/signal_name.hpp"
#include "devstack/core/plan/plan.hpp"
#include "devstack/core/profile/schema.hpp"

#include "plan_of.hpp"
#include "schema/grammar.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>

// What a row in a table of keys owes to those who read it.

using namespace devstack;
using namespace devstack::test;

namespace {

std::string read_text(const std::string& path) {
    std::ifstream stream{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
}

}  // namespace

TEST_CASE("every key says what it is", "[unit][schema]") {
    for (const SectionOfGrammar& section : all_sections()) {
        for (const core::KeyView& key : section.keys) {
            if (!key.is_supported) continue;
            INFO("the key `" << key.name << "` in [" << section.path
                             << "] needs .form and .summary");
            CHECK_FALSE(key.expected.empty());
            CHECK(key.form.kinds != 0);
            CHECK(key.summary.ends_with('.'));
            const auto& form = key.form;
            if (form.kinds != core::bit_of(core::TomlValue::Kind::integer)) continue;
            // The words and the numbers must not contradict each other.
            CHECK(key.expected ==
                  "a number from " + std::to_string(form.low) + " to " + std::to_string(form.high));
        }
    }
}

TEST_CASE("what holds without a key is what holds with its default", "[unit][schema]") {
    std::size_t seen = 0;
    for (const SectionOfGrammar& section : all_sections()) {
        for (const core::KeyView& key : section.keys) {
            if (key.if_absent.empty()) continue;
            ++seen;
            const std::string written = std::string{key.name} + " = " + std::string{key.if_absent};
            const std::string with = section.profile_with(completed(section, key, written));
            const std::string without = section.profile_with(completed(section, key, ""));
            INFO(with << without);
            CHECK(plan_of(with) == plan_of(without));
        }
    }
    CHECK(seen >= 13);
}

TEST_CASE("every key is in the documentation of the profile", "[unit][schema]") {
    const std::string page = read_text(std::string{DEVSTACK_SOURCE_DIR} + "/docs/profile.md");
    for (const SectionOfGrammar& section : all_sections()) {
        if (section.path.empty()) continue;
        for (const core::KeyView& key : section.keys) {
            INFO("`" << key.name << "` in [" << section.path << "]");
            const std::string quoted = "`" + std::string{key.name} + "`";
            if (key.is_supported) CHECK(page.find("| " + quoted + " |") != std::string::npos);
        }
    }
}

TEST_CASE("patterns of the schema match what is understood", "[unit][schema]") {
    const std::regex duration{core::duration_text.pattern()};
    for (const char* text :
         {"0", "500ms", "10s", "1m30s", "1m 30s", "1.5h", "1d", "10us", "007s"}) {
        INFO(text);
        CHECK(parse_duration(text));
        CHECK(std::regex_search(text, duration));
    }
    for (const char* text : {"", "10", "10 s", "s", "1,5s", "1.s", "-1s", "1m ", " 1m", "1w"}) {
        INFO(text);
        CHECK_FALSE(parse_duration(text));
        CHECK_FALSE(std::regex_search(text, duration));
    }
}

TEST_CASE("the schema is what it was", "[golden][schema]") {
    const std::string expected = std::string{DEVSTACK_SOURCE_DIR} + "/tests/golden/schema.json";
    if (std::getenv("DEVSTACK_UPDATE_GOLDEN") != nullptr) {
        std::ofstream{expected, std::ios::binary} << core::profile_schema();
    }
    CHECK(core::profile_schema() == read_text(expected));
}
