#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

VariableFact variable(const std::string& name, const std::string& value) {
    VariableFact it;
    it.name = name;
    it.value = value;
    it.where = ".env:2";
    return it;
}

ClaimFact left_socket(const std::string& path) {
    ClaimFact claim;
    claim.kind = "unix socket";
    claim.path = path;
    claim.waiter_service = "api";
    return claim;
}

}  // namespace

TEST_CASE("a socket that was left by an earlier run holds no port", "[doctor][settings]") {
    World world;
    world.end("api", 1);
    world.facts.claims = {left_socket("tmp/api.sock"), left_socket("tmp/old.sock")};

    SECTION("named by the error") {
        world.say("api", "Error: listen EADDRINUSE: address already in use tmp/api.sock");
        CHECK(world.findings()[0].id == "socket-stale");
        CHECK(world.findings()[0].what ==
              "api can not listen on the socket tmp/api.sock: the file was left by an earlier run, "
              "and nobody listens there.");
        CHECK(world.findings()[0].fix ==
              "rm tmp/api.sock, and let api remove it before it listens (unlink), or when it ends");
    }
    SECTION("the only one, of a service without a port") {
        world.service("api").ports.clear();
        world.facts.claims.pop_back();
        world.say("api", "OSError: [Errno 98] Address already in use");
        CHECK(world.findings()[0].id == "socket-stale");
    }
    SECTION("one of two, or of a service with a port, is not guessed") {
        world.say("api", "OSError: [Errno 98] Address already in use");
        CHECK(world.findings()[0].id != "socket-stale");
    }
    SECTION("where a port is named, it is the port") {
        world.say("api", "Error: listen EADDRINUSE: address already in use 127.0.0.1:3101");
        CHECK(world.findings()[0].id != "socket-stale");
    }
}

TEST_CASE("a limit that the command lowers is to be raised there", "[doctor][settings]") {
    World world;
    world.end("api", 1);
    world.say("api", "accept4: too many open files");
    ServiceFact& api = world.service("api");

    SECTION("ulimit") {
        api.command = "ulimit -n 14; exec node api.js";
        CHECK(world.findings()[0].fix ==
              "look for what it does not close; or raise ulimit -n 14 in its command "
              "(devstack.toml:1) (ulimits = { nofile = … } can not help, which the command lowers "
              "again)");
    }
    SECTION("memcached") {
        api.command = "memcached -p 3101 -c 40";
        api.words = {"memcached", "-p", "3101", "-c", "40"};
        world.facts.peers = {{20, "127.0.0.1:3101", 28}};
        const Finding finding = world.findings()[0];
        CHECK(finding.fix ==
              "raise -c 40 (devstack.toml:1), by which memcached sets that limit itself (ulimits = "
              "{ nofile = … } does not help), or see who keeps so many connections");
        CHECK(std::ranges::find(finding.evidence,
                                "web (pid 20) has 28 connections to it (127.0.0.1:3101)") !=
              finding.evidence.end());
    }
    SECTION("neither") {
        CHECK(world.findings()[0].fix ==
              "look for what it does not close; for now raise ulimits.nofile and restart it");
    }
}

TEST_CASE("a variable that is a letter wrong is named", "[doctor][settings]") {
    World world;
    world.end("api", 1);
    world.say("api", "could not fetch environment variable \"DATABASE_URL\" because it is not set");

    SECTION("one letter") {
        world.service("api").variables = {variable("DATABASE_URI", "postgres://db")};
        CHECK(world.findings()[0].id == "variable-misspelt");
        CHECK(world.findings()[0].what ==
              "DATABASE_URL is not set for api: .env:2 says DATABASE_URI, which is probably meant "
              "to be it.");
    }
    SECTION("another name, or another number, is another variable") {
        world.service("api").variables = {variable("DATABASE_DSN", "x"),
                                          variable("DATABASE_URL2", "x")};
        CHECK(world.findings()[0].id == "variable-missing");
    }
}

TEST_CASE("the port of which a program does not tell is looked for in its files",
          "[doctor][settings]") {
    World world;
    world.end("api", 1);
    world.service("api").ports.clear();
    world.say("api", "** (MatchError) no match of right hand side value: {:error, :eaddrinuse}");

    SECTION("somebody else listens there") {
        world.facts.mentions = {{"api", 3200, "app.exs:1", ""}};
        CHECK(world.findings()[0].what ==
              "api can not listen on port 3200 (app.exs:1): node web.js (pid 20) holds it.");
        // One of this project is not to be killed.
        CHECK(world.findings()[0].fix == "give web or api another port");
    }
    SECTION("nobody does") {
        world.facts.mentions = {{"api", 4000, "app.exs:1", ""}};
        CHECK(world.findings()[0].what == "api can not listen: the address was in use.");
    }
}

TEST_CASE("a debugger without a port is no server without one", "[doctor][settings]") {
    World world;
    world.say("api", "Starting inspector on 127.0.0.1:9229 failed: address already in use");
    CHECK(world.said().empty());
    world.end("api", 1);
    CHECK(world.findings()[0].id == "debugger-port-in-use");
    CHECK(world.findings()[0].what ==
          "api runs, but without its debugger (--inspect): port 9229 was in use.");
}

TEST_CASE("two Erlang nodes of one name are both named", "[doctor][settings]") {
    World world;
    world.end("api", 1);
    world.say("api",
              "Protocol 'inet_tcp': the name app@localhost seems to be in use by another Erlang "
              "node");
    world.service("web").command = "erl -sname app@localhost -noshell";
    CHECK(world.findings()[0].what ==
          "api and web (pid 20) both want to be the Erlang node app@localhost, and web is it.");
}

TEST_CASE("a module that PYTHONPATH takes from another copy is told", "[doctor][settings]") {
    World world;
    world.end("api", 1);
    world.facts.project_dir = "/srv/shop";
    world.say("api",
              "ImportError: cannot import name 'Invoice' from 'shop.models' "
              "(/tmp/old/src/shop/models.py)");

    SECTION("outside of the project") {
        world.service("api").variables = {variable("PYTHONPATH", "/tmp/old/src:src")};
        CHECK(world.findings()[0].id == "python-other-copy");
        CHECK(world.findings()[0].what ==
              "api imports Invoice from shop.models, which PYTHONPATH (.env:2) lets it take from "
              "/tmp/old/src, outside of the project, and which has no such name there.");
    }
    SECTION("not by PYTHONPATH") {
        world.service("api").variables = {variable("PYTHONPATH", "/srv/lib")};
        CHECK(world.findings()[0].id == "python-import-name");
    }
}

TEST_CASE("PHP-FPM keeps variables from PHP", "[doctor][settings]") {
    World world;
    ServiceFact& api = world.service("api");
    api.words = {"php-fpm8.2", "-F"};
    api.variables = {variable("API_KEY", "k-123")};
    world.say("api", "NOTICE: PHP message: API_KEY is not set");

    SECTION("a request fails by it") {
        world.break_probe("api", 500);
        CHECK(world.findings()[0].id == "php-fpm-clears-variables");
        CHECK(world.findings()[0].what ==
              "PHP-FPM keeps the variables of api from PHP, as it does by default: API_KEY "
              "(.env:2) is set, and PHP does not get it.");
    }
    SECTION("it is well without") {
        CHECK(world.findings().empty());
    }
    SECTION("another program says it") {
        api.words = {"php", "-S", "127.0.0.1:3101"};
        world.break_probe("api", 500);
        CHECK(world.findings()[0].id != "php-fpm-clears-variables");
    }
}

TEST_CASE("a port that is only in use while the service runs may be its own",
          "[doctor][settings]") {
    World world;
    world.end("api", 1);
    world.say("api", "Error: listen EADDRINUSE: address already in use 127.0.0.1:3102");
    const std::string usual = "see who holds it: devstack ports 3102";

    SECTION("its own sources name it twice") {
        world.service("api").restarts = 3;
        world.facts.mentions = {{"api", 3102, "devstack.toml:6", ""},
                                {"api", 3102, "app.js:3", ""},
                                {"api", 3102, "index.js:4", ""}};
        CHECK(world.findings()[0].what ==
              "api can not listen on port 3102: nobody holds it between its runs, so that api "
              "listens there twice itself, as a rule; 3102 stands in app.js:3 and index.js:4.");
        CHECK(world.findings()[0].fix ==
              "let only one of them listen (app.js:3 and index.js:4): a module that others import "
              "must not listen by itself");
    }
    SECTION("each time") {
        world.service("api").restarts = 3;
        CHECK(world.findings()[0].fix ==
              "nobody holds it between its runs, so that it is api itself, as a rule: see whether "
              "it listens twice (grep -rn \"listen(\" in api), in a module that it imports, say");
    }
    SECTION("once") {
        CHECK(world.findings()[0].fix == usual);
    }
}

TEST_CASE("who has all inotify instances is told", "[doctor][settings]") {
    World world;
    world.end("api", 1);
    world.say("api", "Error: EMFILE: too many open files, watch '.'");
    ClaimFact claim;
    claim.kind = "inotify instances";
    claim.path = "128";
    claim.pid = 20;
    claim.is_alive = true;
    claim.service = "web";
    world.facts.claims = {claim};
    world.facts.machine.instances_max = 128;
    const Finding finding = world.findings()[0];
    CHECK(finding.id == "inotify-instances");
    CHECK(finding.evidence[1] ==
          "web (pid 20) has 128 of 128 (find /proc/20/fd -lname anon_inode:inotify | wc -l)");
    CHECK(finding.fix ==
          "end what has so many: web (pid 20); or sudo sysctl fs.inotify.max_user_instances=512; "
          "ulimits.nofile does not help");
}

TEST_CASE("a Go server that closes in silence may have a WriteTimeout", "[doctor][settings]") {
    World world;
    world.facts.subject = {"url", "http://127.0.0.1:3101/report", 3101};
    DialFact asked = world.probe("api");
    asked.id = asked.purpose = "asked";
    asked.path = "/report";
    asked.status = 0;
    asked.stage = "first byte";
    asked.error = "closed the connection without an answer";
    asked.seconds = 1.2;
    world.facts.dials.push_back(asked);
    world.facts.mentions = {{"api", 0, "main.go:17", "WriteTimeout"}};

    SECTION("Go") {
        world.facts.processes[0].runtime = "go";
        const Finding finding = world.findings()[0];
        CHECK(finding.fix ==
              "see WriteTimeout of its http.Server in main.go:17: a handler that needs longer is "
              "cut off by it without a line in the log; otherwise see the log of api");
        CHECK(finding.evidence.back() == "it was closed after 1.2 s");
    }
    SECTION("another runtime") {
        CHECK(world.findings()[0].fix == "see the log of api");
    }
}

TEST_CASE("a port that the service holds by now is in use no longer", "[doctor][logs]") {
    World world;
    ServiceFact& api = world.service("api");
    api.has_exited = true;
    api.exit_code = 1;
    api.restarts = 1;
    world.facts.time = "2026-11-20T18:37:10.000Z";
    CrashFact crash;
    crash.service = "api";
    crash.time = "2026-11-20T18:37:04.000Z";
    crash.code = 1;
    world.facts.crashes = {crash};
    world.say("api", "Error: listen EADDRINUSE: address already in use 127.0.0.1:3101");
    for (const Finding& it : world.findings())
        CHECK(it.id != "port-in-use");
}

TEST_CASE("what has done its work says nothing of a request that is answered",
          "[doctor][settings]") {
    World world;
    world.end("web", 0);
    ServiceFact& job = world.service("web");
    job.phase = "completed";
    job.why = "exited with code 0";
    job.ports.clear();
    job.needs.clear();
    std::erase_if(world.facts.dials, [](const DialFact& it) { return it.id == "probe of web"; });
    DialFact asked = world.probe("api");
    asked.id = asked.purpose = "asked";

    SECTION("answered") {
        world.facts.dials.push_back(asked);
        CHECK(world.said().empty());
    }
    SECTION("badly") {
        asked.status = 500;
        world.facts.dials.push_back(asked);
        CHECK_FALSE(world.said().empty());
    }
    SECTION("nobody asks") {
        CHECK(world.findings()[0].service == "web");
    }
    SECTION("somebody needs it") {
        world.facts.dials.push_back(asked);
        world.service("api").needs = {{"web", "completed"}};
        CHECK_FALSE(world.said().empty());
    }
}
