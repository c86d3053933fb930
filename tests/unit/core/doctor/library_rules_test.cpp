// What is particular to languages and frameworks in an error that is told in general.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

/// api ends at once, with that as its last word.
World ended_by(const std::vector<std::string>& lines) {
    World world;
    world.end("api", 1);
    LogFact log{"api", "api.log", {}};
    for (const std::string& line : lines)
        log.lines.push_back({"2026-11-20T18:37:03.000Z", line});
    world.facts.logs.push_back(log);
    return world;
}

World python_ended_by(const std::string& line) {
    return ended_by({"Traceback (most recent call last):",
                     "  File \"/srv/api.py\", line 3, in <module>",
                     "    start()",
                     line});
}

}  // namespace

TEST_CASE("names of Python's own library are told with the version that has them",
          "[unit][doctor]") {
    const Finding newer = ended_by({"ImportError: cannot import name 'override' from 'typing' "
                                    "(/usr/lib/python3.11/typing.py)"})
                              .findings()
                              .at(0);
    CHECK(newer.id == "python-other-version");
    CHECK(newer.what ==
          "api imports override from typing, which came with Python 3.12; api is run by Python "
          "3.11.");
    CHECK(newer.fix ==
          "run it with Python 3.12 or a later one (a virtual environment that is made by it), or "
          "take it from typing_extensions (from typing_extensions import override)");
    const Finding older = ended_by({"ImportError: cannot import name 'Mapping' from 'collections' "
                                    "(/usr/lib/python3.11/collections/__init__.py)"})
                              .findings()
                              .at(0);
    CHECK(older.what ==
          "api imports Mapping from collections, which Python has no longer there since 3.10; api "
          "is run by Python 3.11.");
    CHECK(older.fix == "import it from collections.abc");
    const Finding unknown = ended_by({"ImportError: cannot import name 'dump_all' from 'json' "
                                      "(/usr/lib/python3.11/json/__init__.py)"})
                                .findings()
                                .at(0);
    CHECK(unknown.what ==
          "api imports dump_all from json, which is a part of Python 3.11 itself and has no such "
          "name.");
    CHECK(unknown.fix ==
          "correct the import, or run api with the version of Python that has it; there is nothing "
          "to install");
}

TEST_CASE("names of installed packages are not", "[unit][doctor]") {
    for (const char* path : {"/srv/venv/lib/python3.11/site-packages/typing/__init__.py",
                             "/usr/lib/python3/dist-packages/typing.py",
                             "/srv/app/typing.py"}) {
        const World world = ended_by({"ImportError: cannot import name 'override' from 'typing' (" +
                                      std::string{path} + ")"});
        CHECK(world.findings().at(0).id == "python-import-name");
    }
}

TEST_CASE("a URL that takes a driver that can not be waited for is told", "[unit][doctor]") {
    World world = python_ended_by(
        "sqlalchemy.exc.InvalidRequestError: The asyncio extension requires an async driver to be "
        "used. The loaded 'psycopg2' is not async.");
    VariableFact url;
    url.name = "DATABASE_URL";
    url.value = "postgresql://shop@localhost/shop";
    url.where = ".env:1";
    world.service("api").variables = {url};
    const Finding finding = world.findings().at(0);
    CHECK(finding.id == "driver-not-asynchronous");
    CHECK(finding.what ==
          "DATABASE_URL (.env:1) of api begins with postgresql://, for which SQLAlchemy takes the "
          "driver psycopg2, and /srv/api.py:3 needs an asynchronous one.");
    CHECK(finding.fix == "write postgresql+asyncpg:// in .env:1, and have that driver installed");
    world.service("api").variables.clear();
    CHECK(world.findings().at(0).fix == "begin the URL of the database with postgresql+asyncpg://");
}

TEST_CASE("a script that uses Django's models by itself is told", "[unit][doctor]") {
    World world =
        python_ended_by("django.core.exceptions.AppRegistryNotReady: Apps aren't loaded yet.");
    world.service("api").words = {"python3", "jobs/sync.py"};
    const Finding finding = world.findings().at(0);
    CHECK(finding.what ==
          "jobs/sync.py, which api runs, imports models of Django before Django is set up: "
          "AppRegistryNotReady: Apps aren't loaded yet.");
    CHECK(finding.fix ==
          "import django; django.setup() in jobs/sync.py above what imports models, or make it a "
          "command of manage.py (management/commands)");
    world.service("api").words = {"python3", "manage.py", "runserver"};
    CHECK(world.findings().at(0).id == "ended-by-exception");
}

TEST_CASE("what a newer Node.js has by itself is told with its version", "[unit][doctor]") {
    const std::vector<std::string> lines{"/srv/server.js:4",
                                         "TypeError: Object.groupBy is not a function",
                                         "    at Object.<anonymous> (/srv/server.js:4:10)",
                                         "Node.js v20.20.2"};
    const Finding finding = ended_by(lines).findings().at(0);
    CHECK(
        finding.what.ends_with("TypeError: Object.groupBy is not a function. Object.groupBy came "
                               "with Node.js 21, and the one that runs api is older."));
    CHECK(finding.fix.starts_with("install Node.js 21 or a later one"));
    auto newer = lines;
    newer.back() = "Node.js v22.11.0";
    CHECK_FALSE(ended_by(newer).findings().at(0).what.ends_with("older."));
    auto own = lines;
    own[1] = "TypeError: cart.groupBy is not a function";
    CHECK_FALSE(ended_by(own).findings().at(0).what.ends_with("older."));
}

TEST_CASE("a module that is required in a circle is told", "[unit][doctor]") {
    std::vector<std::string> lines{
        "(node:22) Warning: Accessing non-existent property 'name' of module exports inside "
        "circular dependency",
        "TypeError: name is not a function",
        "    at Object.count (/srv/src/orders.js:2:27)",
        "Node.js v20.20.2"};
    const Finding finding = ended_by(lines).findings().at(0);
    CHECK(finding.id == "modules-in-circle");
    CHECK(finding.what.ends_with(
        "TypeError: name is not a function. /srv/src/orders.js takes name from a module that "
        "requires it in turn, and so does not have it yet."));
    CHECK(finding.fix ==
          "require that module where name is called rather than at the top of /srv/src/orders.js, "
          "or move what both need into a third one (node --trace-warnings shows where)");
    lines[1] = "TypeError: count is not a function";
    CHECK(ended_by(lines).findings().at(0).id != "modules-in-circle");
}

TEST_CASE("an answer that is given twice is told so", "[unit][doctor]") {
    const Finding finding =
        ended_by({"Error [ERR_HTTP_HEADERS_SENT]: Cannot set headers after they are sent to the "
                  "client",
                  "    at ServerResponse.setHeader (node:_http_outgoing:659:11)",
                  "    at /srv/api.js:6:42",
                  "Node.js v20.20.2"})
            .findings()
            .at(0);
    CHECK(finding.id == "answered-twice");
    CHECK(finding.fix ==
          "look above /srv/api.js:6 for an answer after which the function goes on: return there "
          "(return res.status(…).json(…)), and call no next() after an answer");
}

TEST_CASE("parts of packages for another platform are told so", "[unit][doctor]") {
    World world = ended_by({"Error: Cannot find module '@rollup/rollup-linux-x64-gnu'"});
    FolderFact folder;
    folder.service = "api";
    folder.path = "api";
    folder.has_package_json = true;
    folder.has_node_modules = true;
    folder.lock_file = "package-lock.json";
    folder.install_command = "npm ci";
    world.facts.folders = {folder};
    const Finding finding = world.findings().at(0);
    CHECK(finding.id == "package-of-other-platform");
    CHECK(finding.what ==
          "A package of api lacks @rollup/rollup-linux-x64-gnu, its part for this platform: "
          "node_modules or the lock file of api come from another one.");
    CHECK(finding.fix ==
          "cd api && rm -rf node_modules package-lock.json && npm install; to name it in "
          "package.json would break the install on other platforms");
    CHECK(ended_by({"Specifically the \"@esbuild/darwin-arm64\" package is present but this "
                    "platform"})
              .findings()
              .at(0)
              .what ==
          "The packages of api were installed on another platform: @esbuild/darwin-arm64 is there, "
          "which does not run here.");
}

TEST_CASE("packages that are not installed are no matter of what needs none", "[unit][doctor]") {
    World world =
        ended_by({"TypeError [ERR_UNKNOWN_FILE_EXTENSION]: Unknown file extension \".ts\" "
                  "for /srv/src/server.ts",
                  "Node.js v20.20.2"});
    FolderFact folder;
    folder.service = "api";
    folder.path = "api";
    folder.has_package_json = true;
    folder.not_installed = {"typescript"};
    folder.install_command = "npm install";
    world.facts.folders = {folder};
    CHECK(world.findings().at(0).id == "node-file-extension");
    world.facts.folders[0].node_wanted = ">=22.18";
    world.facts.folders[0].node_wanted_in = "package.json";
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(
        findings[0].what ==
        "api wants Node.js >=22.18 (package.json) and is run by v20.20.2, which does not know "
        "what it uses: TypeError [ERR_UNKNOWN_FILE_EXTENSION]: Unknown file extension \".ts\" for "
        "/srv/src/server.ts.");
    world.facts.logs.clear();
    CHECK(world.findings().at(0).id == "packages-not-installed");
    world.service("api").words = {"python3", "-m", "http.server"};
    CHECK(world.findings().at(0).id != "packages-not-installed");
}

TEST_CASE("what a Go program embeds and is not there is told as such", "[unit][doctor]") {
    const Finding finding =
        ended_by({"main.go:4:12: pattern web/dist/*: no matching files found"}).findings().at(0);
    CHECK(finding.what == "main.go:4 embeds web/dist/*, and there are no such files.");
    CHECK(finding.fix ==
          "build or fetch what belongs there first (cd web && npm run build, if a frontend is "
          "built into it)");
}
