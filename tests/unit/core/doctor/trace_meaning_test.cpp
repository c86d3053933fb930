// Errors that have one cause only.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

#include <sstream>

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

/// api has answered a request with 500, and written this.
World failed_with(const std::string& log) {
    World world;
    DialFact asked = world.probe("api");
    asked.id = "asked";
    asked.purpose = "asked";
    asked.path = "/items/1";
    asked.status = 500;
    asked.is_unexpected = true;
    asked.expected = "below 500";
    world.facts.dials.push_back(asked);
    world.facts.time = "2026-11-20T18:37:04.000Z";
    world.service("api").has_been_ready = true;
    LogFact fact{"api", "api.log", {}};
    std::istringstream stream{log};
    for (std::string line; std::getline(stream, line);)
        fact.lines.push_back({"2026-11-20T18:37:03.000Z", line});
    world.facts.logs.push_back(fact);
    return world;
}

}  // namespace

TEST_CASE("a coroutine that is used as a value was not awaited", "[unit][doctor]") {
    World world = failed_with(R"(Traceback (most recent call last):
  File "/srv/app.py", line 5, in h
    return web.json_response(data)
  File "/usr/lib/python3.11/json/encoder.py", line 180, in default
    raise TypeError(f'Object of type {o.__class__.__name__} '
TypeError: Object of type coroutine is not JSON serializable
/srv/app.py:5: RuntimeWarning: coroutine 'load' was never awaited
)");
    const auto findings = world.findings();
    CHECK(findings[0].id == "coroutine-not-awaited");
    CHECK(findings[0].what ==
          "An await is missing: api uses load() itself as a value in /srv/app.py line 5 (h), not "
          "what it returns: TypeError: Object of type coroutine is not JSON serializable.");
    CHECK(findings[0].fix ==
          "write await load(…) where that value is taken, at or above /srv/app.py:5");
    world = failed_with(R"(Traceback (most recent call last):
  File "/srv/app.py", line 5, in h
    return user.name
AttributeError: 'coroutine' object has no attribute 'name'
)");
    CHECK(world.findings()[0].what ==
          "An await is missing: api uses a coroutine itself as a value in /srv/app.py line 5 (h), "
          "not what it returns: AttributeError: 'coroutine' object has no attribute 'name'.");
}

TEST_CASE("a coroutine that nobody awaits is no error by itself", "[unit][doctor]") {
    const World world =
        failed_with(R"(/srv/app.py:5: RuntimeWarning: coroutine 'log' was never awaited
Traceback (most recent call last):
  File "/srv/app.py", line 9, in h
    return items[3]
IndexError: list index out of range
)");
    CHECK(world.findings()[0].id == "unhandled-exception");
}

TEST_CASE("an answer that does not fit its own model is told as that", "[unit][doctor]") {
    World world =
        failed_with(R"(INFO:     127.0.0.1:4711 - "GET /items/1 HTTP/1.1" 500 Internal Server Error
Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/fastapi/routing.py", line 138, in serialize_response
    raise ValidationError(errors, field.type_)
pydantic.error_wrappers.ValidationError: 1 validation error for Item
response -> price
  field required (type=value_error.missing)
)");
    CHECK(world.said() ==
          "[response-does-not-fit] What api itself answers to GET /items/1 does not fit the "
          "response_model Item of its route: price (field required).\n"
          "  why GET http://127.0.0.1:3101/items/1 is answered with status 500.\n");
    world = failed_with(R"(Traceback (most recent call last):
  File "/srv/venv/lib/python3.12/site-packages/fastapi/routing.py", line 155, in serialize_response
    raise ResponseValidationError(
fastapi.exceptions.ResponseValidationError: 1 validation errors:
  {'type': 'missing', 'loc': ('response', 'price'), 'msg': 'Field required', 'input': {'id': 1}}
)");
    CHECK(world.findings()[0].what ==
          "What api itself answers does not fit the response_model of its route: price (Field "
          "required).");
    // What somebody sends is another matter.
    world = failed_with(R"(Traceback (most recent call last):
  File "/srv/main.py", line 9, in load
    return Settings()
pydantic.error_wrappers.ValidationError: 1 validation error for Settings
port
  field required (type=value_error.missing)
)");
    CHECK(world.findings()[0].id == "unhandled-exception");
}

TEST_CASE("a URL of a variable that is not set is told with the variable", "[unit][doctor]") {
    World world = failed_with(R"(1 | const db = process.env.DATABASE_URL
2 | const u = new URL(db!)
                      ^
TypeError: Invalid URL
 input: "undefined",
  code: "ERR_INVALID_URL"

      at fetch (/srv/src/index.ts:2:77)
)");
    CHECK(world.findings()[0].id == "variable-missing");
    CHECK(world.findings()[0].what ==
          "The variable DATABASE_URL, of which api makes a URL in /srv/src/index.ts line 2 "
          "(fetch), is not set: the URL is \"undefined\".");
    // What is set, and what is no part of a URL, is not the one.
    world = failed_with(R"(1 | const port = process.env.PORT
2 | const u = new URL(config.db)
TypeError: Invalid URL
 input: "undefined",
      at fetch (/srv/src/index.ts:2:77)
)");
    CHECK(world.findings()[0].what ==
          "api makes the URL \"undefined\" in /srv/src/index.ts line 2 (fetch): the variable that "
          "it begins with is not set.");
    world = failed_with(R"(Cause: TypeError: Invalid URL
    at new URL (node:internal/url:806:29)
    at P (webpack-internal:///(rsc)/./app/page.js:11:21)
    at process.processTimers (node:internal/timers:519:7) {
  code: 'ERR_INVALID_URL',
  input: 'undefined/items'
}
)");
    CHECK(world.findings()[0].id == "url-incomplete");
    CHECK(world.findings()[0].what ==
          "api makes the URL \"undefined/items\" in app/page.js: the variable that it begins with "
          "is not set.");
    // Somebody has typed it.
    world = failed_with(R"(TypeError: Invalid URL
    at new URL (node:internal/url:806:29)
    at go (/srv/src/index.ts:2:77) {
  code: 'ERR_INVALID_URL',
  input: 'example'
}
)");
    CHECK(world.findings()[0].id == "unhandled-exception");
}

TEST_CASE("an error in a log that is JSON is read", "[unit][doctor]") {
    const World world = failed_with(
        R"json({"level":50,"time":1795873472280,"res":{"statusCode":500},"err":{"type":"TypeError",)json"
        R"json("message":"Cannot read properties of undefined (reading 'id')","stack":"TypeError: )json"
        R"json(Cannot read properties of undefined (reading 'id')\n    at show )json"
        R"json((/srv/src/cart.js:12:30)\n    at run (/srv/node_modules/fastify/lib/x.js:3:1)"}})json");
    CHECK(world.findings()[0].what ==
          "A request to api fails by an error that nobody handles in /srv/src/cart.js line 12 "
          "(show): TypeError: Cannot read properties of undefined (reading 'id').");
}

TEST_CASE("an import without its attribute is told with its line", "[unit][doctor]") {
    World world = failed_with(R"(node:internal/modules/esm/assert:89
        throw new ERR_IMPORT_ASSERTION_TYPE_MISSING(url, validType);
              ^

TypeError [ERR_IMPORT_ASSERTION_TYPE_MISSING]: Module "file:///srv/config.json")"
                              R"( needs an import attribute of type "json"
    at validateAttributes (node:internal/modules/esm/assert:89:15)
    at defaultLoad (node:internal/modules/esm/load:155:3) {
  code: 'ERR_IMPORT_ASSERTION_TYPE_MISSING'
}

Node.js v20.20.2
)");
    world.end("api", 1);
    CHECK(world.findings()[0].id == "ended-by-exception");
    world.facts.mentions = {{"api", 0, "server.js:2", "config.json"}};
    const auto findings = world.findings();
    CHECK(findings[0].id == "import-attribute-missing");
    CHECK(findings[0].what ==
          "api imports config.json (server.js:2) without saying that it is json: TypeError "
          "[ERR_IMPORT_ASSERTION_TYPE_MISSING]: Module \"file:///srv/config.json\" needs an import "
          "attribute of type \"json\".");
    CHECK(findings[0].fix ==
          "write with { type: \"json\" } behind the import of config.json in server.js:2 (before "
          "Node.js 18.20 it is assert rather than with)");
}

TEST_CASE("a secret key that Flask lacks is told with who should read it", "[unit][doctor]") {
    World world = failed_with(R"(Traceback (most recent call last):
  File "/srv/web.py", line 7, in home
    session["n"] = 1
  File "/usr/lib/python3/dist-packages/flask/sessions.py", line 98, in _fail
    raise RuntimeError(
RuntimeError: The session is unavailable because no secret key was set.
)");
    VariableFact similar;
    similar.name = "FLASK_SECRET";
    similar.where = ".env:2";
    world.service("api").variables = {similar};
    CHECK(world.findings()[0].id == "unhandled-exception");
    world.facts.mentions = {{"api", 0, "web.py:4", "SECRET_KEY"}};
    const auto findings = world.findings();
    CHECK(findings[0].id == "secret-key-missing");
    CHECK(
        findings[0].what ==
        "Flask of api has no secret key, which the session in /srv/web.py line 7 (home) needs: "
        "web.py:4 has SECRET_KEY, and no variable of that name is set; FLASK_SECRET (.env:2) is.");
    CHECK(findings[0].fix ==
          "set SECRET_KEY in the env file of api, or give FLASK_SECRET that name in .env:2, if "
          "web.py:4 reads it from there");
    // It is set, and what comes of it is not known.
    world.service("api").variables[0].name = "SECRET_KEY";
    CHECK(world.findings()[0].id == "unhandled-exception");
}
