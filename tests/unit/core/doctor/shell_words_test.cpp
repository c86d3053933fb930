#include "devstack/core/doctor/shell_words.hpp"

#include "support/catch.hpp"

using namespace devstack::core::doctor;
using Words = std::vector<std::string>;

TEST_CASE("the program of a shell script is its last command that is not the shell's own",
          "[unit][doctor]") {
    CHECK(find_main_command("node server.js").words == Words{"node", "server.js"});
    CHECK(find_main_command("A=1 B='x y' exec ./run --name \"a b\" >log 2>&1").words ==
          Words{"./run", "--name", "a b"});
    CHECK(find_main_command("ulimit -n 20; exec bin/server 8607").words ==
          Words{"bin/server", "8607"});
    CHECK(find_main_command("echo $$ >$(cat path)/procs; exec bin/leak").words ==
          Words{"bin/leak"});
    CHECK(find_main_command("nginx -g 'daemon off;'").words == Words{"nginx", "-g", "daemon off;"});
}

TEST_CASE("a cd before the program is told", "[unit][doctor]") {
    const ShellCommand command = find_main_command("cd api && npm run dev");
    CHECK(command.directory == "api");
    CHECK(command.words == Words{"npm", "run", "dev"});
}

TEST_CASE("what only a shell understands has no program", "[unit][doctor]") {
    CHECK(find_main_command("for i in 1 2; do x; done").words.empty());
    CHECK(find_main_command("`which node` a.js").words.empty());
    CHECK(find_main_command("$RUNNER a.js").words.empty());
    CHECK(find_main_command("").words.empty());
}
