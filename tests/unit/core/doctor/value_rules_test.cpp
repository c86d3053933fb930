// Values of variables that are not what they look like.

#include "devstack/core/doctor/service_url.hpp"

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

TEST_CASE("quotes that are part of a value are told when it is complained of", "[unit][doctor]") {
    World world;
    VariableFact url;
    url.name = "REDIS_URL";
    url.value = "\"redis://127.0.0.1:6379/0\"";
    url.where = "devstack.toml:4";
    url.flaw = "quotes";
    world.service("api").variables = {url};
    CHECK(world.said().empty());
    world.end("api", 1);
    CHECK(world.findings()[0].id != "variable-has-quotes");
    world.say("api", "TypeError: Invalid URL");
    CHECK(world.findings()[0].what ==
          "The value of REDIS_URL (devstack.toml:4) of api begins and ends with a quote that is "
          "part of it: the program gets the quotes too, \"redis://127.0.0.1:6379/0\".");
}

TEST_CASE("Windows line ends in an env file are told where a shell reads it", "[unit][doctor]") {
    World world;
    EnvFileFact file;
    file.service = "api";
    file.path = ".env";
    file.has_carriage_returns = true;
    world.facts.env_files = {file};
    CHECK(world.said().empty());
    world.end("api", 1);
    world.say("api", "getaddrinfo failed");
    CHECK(world.findings()[0].id != "env-file-has-dos-line-ends");
    world.service("api").words = {"./start.sh"};
    CHECK(world.findings()[0].what ==
          ".env, which api may read itself, has Windows line ends (CRLF): a shell or a simple "
          "reader takes a carriage return (\\r) into each value.");
    // devstack reads it right.
    world.facts.env_files[0].is_declared = true;
    CHECK(world.findings()[0].id != "env-file-has-dos-line-ends");
}

TEST_CASE("a variable that is set twice is told where it points nowhere", "[unit][doctor]") {
    World world;
    VariableFact variable;
    variable.name = "DATABASE_URL";
    variable.where = "api/.env:3";
    variable.overrides = "api/.env:1";
    world.service("api").variables = {variable};
    world.break_probe("api", 502);
    DialFact& dial = world.refer("api", "DATABASE_URL", "postgresql", 5433);
    dial = World::refused(dial);
    const auto findings = world.findings();
    REQUIRE_FALSE(findings.empty());
    CHECK(std::ranges::find(findings[0].evidence,
                            "DATABASE_URL is set twice: api/.env:3 overrides api/.env:1") !=
          findings[0].evidence.end());
}

TEST_CASE("a URL that is none is told with what keeps it from being one", "[unit][doctor]") {
    World world;
    VariableFact url;
    url.name = "DATABASE_URL";
    url.where = "api/.env:4";
    url.is_secret = true;
    url.flaw = find_url_mistake("postgresql://shop:se#cret@localhost:5432/shop");
    world.service("api").variables = {url};
    CHECK(world.said().empty());
    world.break_probe("api", 503);
    CHECK(world.findings()[0].id != "variable-bad-url");
    world.probe("api").body = "{\"database\":\"Invalid URL (ERR_INVALID_URL)\"}";
    CHECK(world.findings()[0].what ==
          "DATABASE_URL (api/.env:4) of api is no valid URL: it has a \"#\" in its password, which "
          "is to be written %23.");
    CHECK(world.findings()[0].fix == "write it so in api/.env:4, then devstack restart api");
}

TEST_CASE("a variable that should be a number is told", "[unit][doctor]") {
    World world;
    VariableFact seconds;
    seconds.name = "WORK_SECONDS";
    seconds.value = "fast";
    seconds.where = "backend/.env:1";
    VariableFact port;
    port.name = "PORT";
    port.value = "31O1";
    port.where = "backend/.env:2";
    world.service("api").variables = {seconds, port};
    world.say("api", "ValueError: could not convert string to float: 'fast'");
    CHECK(world.said().empty());
    world.end("api", 1);
    CHECK(world.findings()[0].what ==
          "WORK_SECONDS (backend/.env:1) of api is \"fast\", where a number is wanted.");
    CHECK(world.findings()[0].fix == "write a number in backend/.env:1, then devstack restart api");
    world.facts.logs.clear();
    world.say("api",
              "RangeError [ERR_SOCKET_BAD_PORT]: options.port should be >= 0 and < 65536. Received "
              "type number (NaN).");
    CHECK(world.findings()[0].what ==
          "PORT (backend/.env:2) of api is \"31O1\", where a number is wanted.");
    // What is in no variable comes from elsewhere.
    world.facts.logs.clear();
    world.say("api", "ValueError: could not convert string to float: 'slow'");
    CHECK(world.findings()[0].id != "variable-not-a-number");
    // Of two nobody knows which was read.
    world.facts.logs.clear();
    world.service("api").variables[1].value = "fast";
    world.say("api", "ValueError: could not convert string to float: 'fast'");
    CHECK(world.findings()[0].id != "variable-not-a-number");
}

TEST_CASE("an env file that was changed after the start is told of a service in trouble",
          "[unit][doctor]") {
    World world;
    EnvFileFact file;
    file.service = "api";
    file.path = "api/.env";
    file.changed_seconds = 12;
    world.facts.env_files = {file};
    world.service("api").uptime_seconds = 60;
    CHECK(world.said().empty());
    world.break_probe("api", 503);
    CHECK(world.findings()[0].what ==
          "api/.env was changed 12 s ago, and api has been running for 60 s: it still has the "
          "values from before.");
    CHECK(world.findings()[0].fix == "devstack restart api");
    world.facts.env_files[0].changed_seconds = 59.5;
    CHECK(world.findings()[0].id == "probe-answered-badly");
    world.facts.env_files[0].changed_seconds = -1;
    CHECK(world.findings()[0].id == "probe-answered-badly");
}
