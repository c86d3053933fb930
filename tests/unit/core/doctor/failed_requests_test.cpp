// Requests that fail now, of a service that is well and that nobody asks about.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

/// api has said this at 18:37:03; it is now `now`.
World say_all(const std::vector<std::string>& texts,
              const std::string& now = "2026-11-20T18:37:10.000Z") {
    World world;
    world.facts.time = now;
    LogFact log{"api", "api.log", {}};
    for (const std::string& text : texts)
        log.lines.push_back({"2026-11-20T18:37:03.000Z", text});
    world.facts.logs = {log};
    return world;
}

/// The same again three seconds later.
World twice(World world) {
    LogFact& log = world.facts.logs[0];
    for (LineFact line : std::vector<LineFact>{log.lines}) {
        line.time = "2026-11-20T18:37:06.000Z";
        log.lines.push_back(line);
    }
    return world;
}

std::vector<std::string> too_long(const std::string& head) {
    return {head + "Error: Data too long for column 'name' at row 1",
            "    at /app/api.js:4:28",
            "  code: 'ER_DATA_TOO_LONG',",
            "  sqlMessage: \"Data too long for column 'name' at row 1\","};
}

std::vector<std::string> in_express(const std::string& error) {
    return {error,
            "    at list (/app/src/orders.js:2:27)",
            "    at Layer.handle (/app/node_modules/express/lib/router/layer.js:95:5)"};
}

std::vector<std::string> python_trace(const std::string& before) {
    return {before,
            "Traceback (most recent call last):",
            "  File \"/app/bot.py\", line 4, in show",
            "    return 1 / 0",
            "ZeroDivisionError: division by zero"};
}

}  // namespace

TEST_CASE("what a program says above a chain of errors holds for all of it", "[unit][doctor]") {
    const auto chain = [](const std::string& before) {
        return say_all(
            {before,
             "Traceback (most recent call last):",
             "  File \"/usr/lib/python3/dist-packages/pymysql/err.py\", line 143, in raise_it",
             "    raise errorclass(errno, errval)",
             "pymysql.err.ProgrammingError: (1146, \"Table 'shop.nope' doesn't exist\")",
             "",
             "The above exception was the direct cause of the following exception:",
             "",
             "Traceback (most recent call last):",
             "  File \"/app/app.py\", line 13, in x",
             "    c.execute(text(\"select * from nope\"))",
             "sqlalchemy.exc.ProgrammingError: (1146, \"Table 'shop.nope' doesn't exist\")"});
    };
    CHECK(chain("ERROR:root:optional table not there, going on without").findings().empty());
    CHECK(chain("ERROR:app:Exception on /x [GET]").findings().at(0).id == "table-missing");
}

TEST_CASE("a statement that is wrong in itself is told of a service that is well",
          "[unit][doctor]") {
    const auto findings = say_all(too_long("")).findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].id == "value-too-long");
    CHECK(findings[0].what ==
          "api writes a value to the column name that is longer than the column.");
    // A minute later nobody knows whether it still happens.
    CHECK(say_all(too_long(""), "2026-11-20T18:38:10.000Z").findings().empty());
    // The program goes on without.
    CHECK(say_all(too_long("saving the statistics, ignored: ")).findings().empty());
    // A remark about it, once.
    CHECK(say_all({"could not save: Data too long for column 'name' at row 1"}).findings().empty());
    CHECK(twice(say_all({"could not save: Data too long for column 'name' at row 1"}))
              .findings()
              .size() == 1);
}

TEST_CASE("a template that is missing is told where a request has failed", "[unit][doctor]") {
    const std::string missing = "[17] [trace] [x] Template \"indx.html.ep\" not found";
    CHECK(say_all({missing}).findings().empty());
    const auto findings =
        say_all({missing, "[17] [trace] [x] 500 Internal Server Error (0.006738s, 148.412/s)"})
            .findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].what == "api (Mojolicious) does not find the template indx.html.ep.");
}

TEST_CASE("what a framework says of a request tells that its error was not handled",
          "[unit][doctor]") {
    const auto findings = say_all(python_trace("Error handling request")).findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].id == "unhandled-exception");
    CHECK(findings[0].what ==
          "A request to api fails by an error that nobody handles in /app/bot.py line 4 (show): "
          "ZeroDivisionError: division by zero.");
    CHECK(say_all(python_trace("ERROR:    handled, using default")).findings().empty());
    // Hours ago.
    CHECK(say_all(python_trace("Error handling request"), "2026-11-20T21:37:10.000Z")
              .findings()
              .empty());
}

TEST_CASE("an error that Express writes again and again is told", "[unit][doctor]") {
    const auto lines = in_express("TypeError: name is not a function");
    CHECK(say_all(lines).findings().empty());
    const auto findings = twice(say_all(lines)).findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].what ==
          "A request to api fails by an error that nobody handles in /app/src/orders.js line 2 "
          "(list): TypeError: name is not a function.");
    CHECK(twice(say_all(in_express("BadRequestError: no such page"))).findings().empty());
    CHECK(twice(say_all(in_express("bad input TypeError: name"))).findings().empty());
    CHECK(twice(say_all({"TypeError: name is not a function", "    at list (/app/jobs.js:2:27)"}))
              .findings()
              .empty());
}

TEST_CASE("a cache that its service says it does without is nobody's trouble", "[unit][doctor]") {
    World world = say_all({"connect ECONNREFUSED 127.0.0.1:6379"});
    DialFact& dial = world.refer("api", "CACHE_URL", "redis", 6379);
    dial = World::refused(dial);
    CHECK(world.findings().at(0).id == "server-not-running");
    world.facts.logs[0].lines[0].text =
        "cache not available, going on without: connect ECONNREFUSED 127.0.0.1:6379";
    CHECK(world.findings().empty());
}
