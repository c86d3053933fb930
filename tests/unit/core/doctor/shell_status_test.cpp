#include "devstack/core/doctor/shell_status.hpp"

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

TEST_CASE("the status of a pipe is that of its last command", "[doctor][shell]") {
    CHECK(find_hidden_status("node api.js 2>&1 | tee api.out") == "tee, the last of its pipe");
    CHECK(find_hidden_status("node api.js | grep -v debug | cat") == "cat, the last of its pipe");
    CHECK(find_hidden_status("node api.js || true") == "“|| true”");
    CHECK(find_hidden_status("node api.js; exit 0") == "“; exit”");
    CHECK(find_hidden_status("node api.js").empty());
    CHECK(find_hidden_status("echo done; exit 0").empty());
    CHECK(find_hidden_status("cd api; node api.js").empty());
    CHECK(find_hidden_status("cat seed.sql | psql; exec node api.js").empty());
    CHECK(find_hidden_status("node api.js || exit 1").empty());
    CHECK(find_hidden_status("node api.js --pattern 'a|b'").empty());
    CHECK(find_hidden_status("set -o pipefail; node api.js | tee api.out").empty());
}

TEST_CASE("the files that a script writes into are found", "[doctor][shell]") {
    using Files = std::vector<std::string>;
    CHECK(find_output_files("node api.js 2>/tmp/err.txt | tee api.log") == Files{"/tmp/err.txt"});
    CHECK(find_output_files("node api.js >>out.txt 2>&1") == Files{"out.txt"});
    CHECK(find_output_files("node api.js &> all.txt") == Files{"all.txt"});
    CHECK(find_output_files("node api.js 2>&1 | tee -a api.out >/dev/null") == Files{"api.out"});
    CHECK(find_output_files("node api.js 2>&1 | tee api.out").empty());
    CHECK(find_output_files("node api.js >/dev/null 2>&1").empty());
    CHECK(find_output_files("node api.js > $LOG").empty());
    CHECK(find_output_files("pg_dump shop > shop.sql").empty());
    CHECK(find_output_files("node api.js < in.txt").empty());
    CHECK(find_output_files("node api.js '>no'").empty());
}

TEST_CASE("the script of a shell is taken out of its quotes", "[doctor][shell]") {
    CHECK(script_of("sh -c 'node api.js | tee out'") == "node api.js | tee out");
    CHECK(script_of("/bin/bash -ec \"node api.js\"") == "node api.js");
    CHECK(script_of("node api.js") == "node api.js");
}

TEST_CASE("a program whose status is hidden by a pipe is not called no server", "[doctor]") {
    World world;
    world.end("api", 0);
    world.service("api").phase = "completed";
    world.service("api").command = "node api.js 2>&1 | tee api.out";

    SECTION("with its last words") {
        world.say("api", "listening failed: no config");
        CHECK(world.findings()[0].id == "status-hidden");
        CHECK(world.findings()[0].what ==
              "api ends soon after its start, by a status that nobody sees: 0 is that of tee, the "
              "last of its pipe, so nothing listens on port 3101; its last words: listening "
              "failed: no config.");
        CHECK(world.findings()[0].fix ==
              "see why it ends, by its last words; leave that out of the command (devstack keeps "
              "the log itself), or bash -c 'set -o pipefail; …'");
    }
    SECTION("and the error that it has ended by is told as that") {
        world.say("api", "SyntaxError: Expected double-quoted property name in JSON");
        world.facts.logs.back().lines.push_back(
            {"2026-11-20T18:37:03.000Z", "    at JSON.parse (<anonymous>)"});
        world.facts.logs.back().lines.push_back(
            {"2026-11-20T18:37:03.000Z", "    at Object.<anonymous> (/srv/api.js:1:21)"});
        world.facts.logs.back().lines.push_back({"2026-11-20T18:37:03.000Z", "Node.js v18.19.0"});
        CHECK(world.findings()[0].id == "ended-by-exception");
    }
    SECTION("one without a pipe is no server") {
        world.service("api").command = "node api.js";
        CHECK(world.findings()[0].id == "exits-at-once");
    }
}
