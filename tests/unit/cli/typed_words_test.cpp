#include "cli/typed_words.hpp"

#include "support/catch.hpp"

using namespace devstack::cli;

namespace {

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a command line that is being typed is taken apart", "[unit][cli]") {
    const TypedWords typed =
        take_apart({"-C", "sub", "logs", "api", "--grep", "a b", "--project=shop", "-f", "we"});
    CHECK(typed.command == "logs");
    CHECK(typed.words == Words{"api"});
    CHECK(typed.options == Words{"-C", "--grep", "--project", "-f"});
    CHECK(typed.directory == "sub");
    CHECK(typed.project == "shop");
    CHECK(typed.awaited_value.empty());
    CHECK(typed.current == "we");
    CHECK(typed.prefix.empty());
}

TEST_CASE("the value of an option is awaited behind it", "[unit][cli]") {
    CHECK(take_apart({"logs", "--since", "1"}).awaited_value == "TIME");
    CHECK(take_apart({"logs", "-n", ""}).awaited_value == "N");
    CHECK(take_apart({"-C", ""}).awaited_value == "DIR");
    CHECK(take_apart({"logs", "-f", ""}).awaited_value.empty());
    CHECK(take_apart({"logs", "--unknown", ""}).awaited_value.empty());
}

TEST_CASE("a value may be joined to its option", "[unit][cli]") {
    const TypedWords joined = take_apart({"logs", "--since=1"});
    CHECK(joined.awaited_value == "TIME");
    CHECK(joined.prefix == "--since=");
    CHECK(joined.current == "1");

    // As bash splits it.
    for (const Words& words :
         std::vector<Words>{{"logs", "--since", "=", "1"}, {"logs", "--since", "="}}) {
        const TypedWords split = take_apart(words);
        CHECK(split.awaited_value == "TIME");
        CHECK(split.prefix.empty());
        CHECK(split.current == (words.size() == 4 ? "1" : ""));
    }
    CHECK(take_apart({"status", "--project", "=", "shop", ""}).project == "shop");
}

TEST_CASE("after two dashes there are no options", "[unit][cli]") {
    const TypedWords typed = take_apart({"stop", "--", "--project", "-x"});
    CHECK(typed.words == Words{"--project"});
    CHECK(typed.options.empty());
    CHECK(typed.current == "-x");
    CHECK_FALSE(typed.may_be_option);
}

TEST_CASE("nothing has been typed yet", "[unit][cli]") {
    CHECK(take_apart({}).command.empty());
    CHECK(take_apart({""}).current.empty());
    CHECK(take_apart({"sta"}).command.empty());
    CHECK(take_apart({"sta"}).current == "sta");
}

TEST_CASE("options are told with what they take", "[unit][cli]") {
    for (const OptionView& option : options_of("logs")) {
        if (option.names.front() == "SERVICE") {
            CHECK(option.is_word);
            CHECK(option.is_list);
            CHECK(option.value.empty());
        }
        if (option.names.front() == "-n") {
            CHECK(option.names == Words{"-n", "--tail"});
            CHECK(option.value == "N");
            CHECK_FALSE(option.is_word);
        }
    }
    CHECK(options_of("nonsense").size() == options_of("").size());
}
