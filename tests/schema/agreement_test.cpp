#include "plan_of.hpp"
#include "schema/grammar.hpp"
#include "schema/validator.hpp"
#include "support/catch.hpp"

#include <string>
#include <vector>

// Reader and schema come from one table of keys, and must say the same of every value of every key:
// what the reader takes, the schema takes; and what the reader refuses for its form, the schema
// refuses too. (That a URL is none, or a service unknown, only the reader can say.)

using namespace devstack;
using namespace devstack::test;

namespace {

struct Case {
    std::string what;
    std::string profile;
};

std::vector<Case> cases_of(const SectionOfGrammar& section) {
    std::vector<Case> cases;
    for (const core::KeyView& key : section.keys) {
        for (const std::string& sample : samples_for(key.form)) {
            const std::string inside = std::string{key.name} + " = " + sample;
            cases.push_back({section.path + ": " + inside,
                             section.profile_with(completed(section, key, inside))});
        }
        // Alone it may be too little.
        const std::string alone = std::string{key.name} + " = \"x\"";
        cases.push_back({section.path + ": only " + alone, section.profile_with(alone)});
    }
    for (const char* inside : {"", R"(unknown_key = 1)", R"(x-note = { a = 1 })", "x = 1"}) {
        cases.push_back({section.path + ": " + inside, section.profile_with(inside)});
    }
    return cases;
}

}  // namespace

TEST_CASE("the schema and the reader of profiles agree", "[integration][schema]") {
    std::vector<Case> cases;
    for (const SectionOfGrammar& section : all_sections()) {
        const std::vector<Case> some = cases_of(section);
        cases.insert(cases.end(), some.begin(), some.end());
    }
    CHECK(cases.size() > 3000);
    std::vector<std::string> profiles;
    for (const Case& it : cases)
        profiles.push_back(it.profile);
    const std::vector<std::string> verdicts = ask_schema(profiles);

    std::size_t accepted = 0;
    std::size_t refused = 0;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const std::string mistakes = mistakes_of(cases[i].profile, {{"PATH", "/bin"}});
        INFO(cases[i].what);
        INFO(cases[i].profile);
        INFO("the reader: " << mistakes);
        INFO("the schema: " << verdicts[i]);
        CHECK(verdicts[i] != "not TOML");
        if (mistakes.empty()) {
            CHECK(verdicts[i] == "accepted");
            ++accepted;
        } else if (is_matter_of_form(codes_in(mistakes))) {
            CHECK(verdicts[i] != "accepted");
            ++refused;
        }
    }
    CHECK(accepted > 200);
    CHECK(refused > 1500);
}
