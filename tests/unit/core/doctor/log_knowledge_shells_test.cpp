// What shells and make say.

#include "unit/core/doctor/log_examples.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

TEST_CASE("what shells and make write is understood", "[unit][doctor]") {
    constexpr devstack::test::Told examples[] = {
        {"./start.sh: line 2: $'\\r': command not found",
         "script-has-dos-line-ends",
         "./start.sh has Windows line ends (CRLF): the shell takes a carriage return for a part of "
         "line 2."},
        {"./start.sh: 2: source: not found",
         "shell-is-not-bash",
         "./start.sh line 2 uses source, which bash has and sh (dash) has not."},
        {"./start.sh: 2: [[: not found",
         "shell-is-not-bash",
         "./start.sh line 2 uses [[, which bash has and sh (dash) has not."},
        {"./start.sh: 3: Bad substitution",
         "shell-is-not-bash",
         "./start.sh line 3 is written for bash, and sh (dash) reads it: Bad substitution."},
        {"./start.sh: line 5: syntax error: unexpected end of file",
         "syntax-error",
         "./start.sh line 5 of api has a syntax error: unexpected end of file."},
        {"./start.sh: 4: Syntax error: end of file unexpected (expecting \"fi\")",
         "syntax-error",
         "./start.sh line 4 of api has a syntax error: end of file unexpected (expecting \"fi\")."},
        {"./start.sh: line 3: APP_PORT: unbound variable",
         "variable-missing",
         "The variable APP_PORT that the script of api needs is not set."},
        {"./start.sh: 3: APP_PORT: parameter not set",
         "variable-missing",
         "The variable APP_PORT that the script of api needs is not set."},
        {"./start.sh: line 3: API_KEY: must be set to a key",
         "variable-missing",
         "The variable API_KEY that the script of api needs is not set."},
        {"./start.sh: 3: cd: can't cd to backend",
         "directory-missing",
         "./start.sh line 3 of api changes to the directory backend, which does not exist from "
         "where "
         "it is (it starts in api)."},
        {"./start.sh: line 3: cd: backend: No such file or directory",
         "directory-missing",
         "./start.sh line 3 of api changes to the directory backend, which does not exist from "
         "where "
         "it is (it starts in api)."},
        {"./start.sh: line 3: jq: command not found",
         "command-not-found",
         "./start.sh line 3 of api runs jq, which is not found in its PATH."},
        {"./start.sh: 4: exec: pyhton3: not found",
         "command-not-found",
         "./start.sh line 4 of api runs pyhton3, which is not found in its PATH."},
        {"sudo: a terminal is required to read the password; either use the -S option",
         "sudo-wants-password",
         "api runs sudo, which asks for a password that nobody can give."},
        {"Makefile:2: *** missing separator.  Stop.",
         "makefile-separator",
         "Makefile line 2 of api is no rule, and no command of one: commands begin with a tab, not "
         "with spaces."},
        {"make: Nothing to be done for 'run'.",
         "make-nothing-to-do",
         "make does nothing for the target run of api: there is a file or directory of that name "
         "in "
         "api, or the rule has no commands."},
        {"make: gunicorn: No such file or directory",
         "command-not-found",
         "The Makefile of api runs gunicorn, which is not found in its PATH."},
        {"python3: can't open file '/srv/server.py': [Errno 2] No such file or directory",
         "file-missing",
         "api opens /srv/server.py, which does not exist."},
        {"locale.Error: unsupported locale setting",
         "locale-missing",
         "The locale that LC_ALL or LANG of api names is not installed here."},
        {"socket.gaierror: [Errno -3] Temporary failure in name resolution",
         "name-resolution-fails",
         "api can not resolve a host name: no name server answers."},
    };
    devstack::test::check_told(examples);
}

TEST_CASE("a command that a script did without is not why it has ended", "[unit][doctor]") {
    World world;
    world.end("api", 1);
    world.facts.logs = {
        {"api",
         "api.log",
         {{"2026-11-20T18:37:03.000Z", "./start.sh: line 3: git: command not found"},
          {"2026-11-20T18:37:03.100Z", "starting"},
          {"2026-11-20T18:37:03.200Z", "one"},
          {"2026-11-20T18:37:03.300Z", "two"},
          {"2026-11-20T18:37:03.400Z", "three"},
          {"2026-11-20T18:37:03.500Z", "gave up"}}}};
    CHECK(world.findings()[0].id != "command-not-found");
}

TEST_CASE("who waits in a loop for what nobody listens on is told", "[unit][doctor]") {
    World world;
    world.service("api").phase = "starting";
    world.service("api").phase_seconds = 5;
    world.probe("api") = World::refused(world.probe("api"));
    std::erase_if(world.facts.listeners, [](const auto& it) { return it.service == "api"; });
    const std::string line = "waiting for database on 5432";
    world.facts.logs = {{"api",
                         "api.log",
                         {{"2026-11-20T18:37:03.000Z", line}, {"2026-11-20T18:37:03.500Z", line}}}};
    Finding finding = world.findings()[0];
    CHECK(finding.id == "waits-for-nobody");
    CHECK(finding.what ==
          "api waits before it starts for what should listen on port 5432 (PostgreSQL), and nobody "
          "does.");
    CHECK(finding.fix ==
          "start what should listen on port 5432, or correct the port for which api waits");
    world.facts.mentions = {{"api", 5432, "start.sh:3", ""}};
    CHECK(world.findings()[0].fix ==
          "start what should listen on port 5432, or correct the port in start.sh:3");
    world.facts.logs[0].lines.pop_back();  // Once may be a moment.
    CHECK(world.findings()[0].id != "waits-for-nobody");
}

TEST_CASE("what devstack could not start is told with its reason", "[unit][doctor]") {
    World world;
    world.end("api", 0);
    world.service("api").has_exited = false;
    world.service("api").user = "nobody";
    world.service("api").why = "cannot enter directory /srv/api: permission denied for user nobody";
    const Finding finding = world.findings()[0];
    CHECK(finding.id == "can-not-be-started");
    CHECK(finding.what ==
          "api can not be started: devstack cannot enter directory /srv/api: permission denied for "
          "user nobody.");
    CHECK(
        finding.fix ==
        "let the user nobody in (namei -l PATH shows where it is not let in; chmod o+x there), or "
        "run api as somebody else");
}
