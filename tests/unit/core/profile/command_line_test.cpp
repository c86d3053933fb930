#include "devstack/core/plan/command_line.hpp"

#include "support/catch.hpp"

using namespace devstack::core;

TEST_CASE("a command is shown as a person would type it", "[unit][plan]") {
    CHECK(CommandLine::shell("npm run dev | cat").text() == "npm run dev | cat");
    CHECK(CommandLine{{"postgres", "-D", "my data"}}.text() == "postgres -D 'my data'");
    CHECK(CommandLine{{"/bin/sh", "-x", "f"}}.text() == "/bin/sh -x f");
}
