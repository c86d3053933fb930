// Versions of Node.js, workspaces, development servers that pass requests on.

#include "core/doctor/node_versions.hpp"
#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

World ended_with(const std::vector<std::string>& texts) {
    World world;
    world.end("api", 1);
    LogFact log{"api", "api.log", {}};
    for (const std::string& text : texts)
        log.lines.push_back({"2026-11-20T18:37:03.000Z", text});
    world.facts.logs = {log};
    FolderFact folder;
    folder.service = "api";
    folder.path = "apps/api";
    folder.has_package_json = true;
    folder.has_node_modules = true;
    folder.install_command = "npm install";
    world.facts.folders = {folder};
    return world;
}

/// Somebody asks web for /api/items; web passes it on to api by its vite.config.js.
World passed_on(int same, int stripped) {
    World world;
    world.facts.time = "2026-11-20T18:37:10.000Z";
    DialFact asked = world.probe("web");
    asked.id = "asked";
    asked.purpose = "asked";
    asked.path = "/api/items";
    asked.status = 404;
    asked.is_unexpected = true;
    asked.body = "no route /api/items";
    world.facts.dials.push_back(asked);
    ReferenceFact reference;
    reference.service = "web";
    reference.kind = "config";
    reference.name = "vite.config.js";
    reference.where = "vite.config.js:1";
    reference.scheme = "http";
    reference.host = "127.0.0.1";
    reference.port = 3101;
    world.facts.references.push_back(reference);
    for (const auto& [kind, path, status] :
         {std::tuple{"", "/api/items", same}, std::tuple{", stripped", "/items", stripped}}) {
        DialFact dial = world.probe("api");
        dial.id = std::string{"past vite.config.js:1"} + kind + ": asked";
        dial.purpose = "compare";
        dial.path = path;
        dial.status = status;
        dial.body = "no route /api/items";
        world.facts.dials.push_back(dial);
    }
    return world;
}

}  // namespace

TEST_CASE("ranges of Node.js' versions are read by their first numbers", "[unit][doctor]") {
    for (const char* wanted : {">=18",
                               "^20.1.0",
                               "20",
                               "v20",
                               "20.x",
                               "lts/*",
                               "*",
                               "18 || >=20",
                               ">=18 <21",
                               "16 - 22",
                               "node",
                               "~20.20",
                               ">= 20.0.0",
                               ""}) {
        INFO(wanted);
        CHECK(may_be_wanted(wanted, "v20.20.2"));
    }
    for (const char* wanted : {">=22",
                               "^18.0.0",
                               "22",
                               "v22.3.1",
                               "18.x || 22.x",
                               ">=14 <20",
                               ">20",
                               ">=20.21",
                               "lts/22"}) {
        INFO(wanted);
        CHECK_FALSE(may_be_wanted(wanted, "v20.20.2"));
    }
}

TEST_CASE("a Node.js that is too old is told by what it does not know", "[unit][doctor]") {
    World world = ended_with({"TypeError: Object.groupBy is not a function",
                              "    at Object.<anonymous> (/app/server.js:1:21)",
                              "Node.js v20.20.2"});
    world.facts.folders[0].node_wanted = ">=22";
    world.facts.folders[0].node_wanted_in = "apps/api/package.json";
    const Finding finding = world.findings().at(0);
    CHECK(finding.id == "runtime-too-old");
    CHECK(finding.what ==
          "api wants Node.js >=22 (apps/api/package.json) and is run by v20.20.2, which does not "
          "know what it uses: TypeError: Object.groupBy is not a function.");
    SECTION("one that fits has no part in it") {
        world.facts.folders[0].node_wanted = ">=20";
        CHECK(world.findings().at(0).id != "runtime-too-old");
    }
    SECTION("what has nothing to do with versions neither") {
        world.facts.logs[0].lines[0].text = "Error: connect ECONNREFUSED 127.0.0.1:5432";
        CHECK(world.findings().at(0).id != "runtime-too-old");
    }
}

TEST_CASE("a package of the workspace that is not linked is told", "[unit][doctor]") {
    World world = ended_with({"Error: Cannot find module '@shop/shared'"});
    FolderFact& folder = world.facts.folders[0];
    folder.not_installed = {"@shop/shared"};
    CHECK(world.findings().at(0).id == "packages-not-installed");
    folder.not_linked = {"@shop/shared (packages/shared)"};
    folder.workspace = ".";
    const Finding finding = world.findings().at(0);
    CHECK(finding.id == "package-not-linked");
    CHECK(finding.what ==
          "The package @shop/shared (packages/shared) that api needs is one of this workspace, and "
          "no node_modules has a link to it.");
    CHECK(finding.fix == "npm install in the project's directory");
}

TEST_CASE("a development server that keeps a prefix is told", "[unit][doctor]") {
    const Finding finding = passed_on(404, 200).findings().at(0);
    CHECK(finding.id == "proxy-keeps-prefix");
    CHECK(finding.what ==
          "web passes /api/items on to 127.0.0.1:3101 (vite.config.js:1) as it is, where there is "
          "no such path; without /api it would be answered.");
    CHECK(finding.fix ==
          "take it off in vite.config.js:1: rewrite: (path) => path.replace(/^\\/api/, '') "
          "(pathRewrite in webpack, Angular and setupProxy), or let the service answer below /api");
    CHECK(passed_on(404, 404).findings().at(0).id == "request-answered-badly");
    CHECK(passed_on(200, 200).findings().at(0).id == "request-answered-badly");
    // The server's own page for what it does not know.
    World own = passed_on(404, 200);
    own.facts.dials[2].body = "This page could not be found";
    CHECK(own.findings().at(0).id == "request-answered-badly");
}

TEST_CASE("a development server that speaks TLS to plain text is told with its place",
          "[unit][doctor]") {
    World world = passed_on(404, 404);
    std::erase_if(world.facts.dials, [](const DialFact& it) { return it.id == "asked"; });
    world.facts.references[0].scheme = "https";
    CHECK(world.findings().empty());
    world.say("web", "Error: write EPROTO 80:error:0A00010B:SSL routines:wrong version number");
    CHECK(world.findings().at(0).what ==
          "web passes requests on to https://127.0.0.1:3101 (vite.config.js:1), where api speaks "
          "plain http.");
    world.facts.references[0].scheme = "http";
    CHECK(world.findings().empty());
}

TEST_CASE("Socket.IO at another path than its client asks for is told", "[unit][doctor]") {
    World world;
    world.refer("web", "RT_URL", "http", 3101);
    const std::string id = world.facts.references.back().dial;
    DialFact usual = world.probe("api");
    usual.id = "socket.io /socket.io/ of " + id;
    usual.purpose = "compare";
    usual.path = "/socket.io/?EIO=4&transport=polling";
    usual.status = 404;
    DialFact other = usual;
    other.id = "socket.io /realtime/ of " + id;
    other.path = "/realtime/?EIO=4&transport=polling";
    other.status = 200;
    other.body = R"(0{"sid":"x","upgrades":["websocket"]})";
    world.facts.dials.push_back(usual);
    CHECK(world.findings().empty());
    world.facts.dials.push_back(other);
    const Finding finding = world.findings().at(0);
    CHECK(finding.id == "socket-path-differs");
    CHECK(finding.what ==
          "api has Socket.IO at /realtime/, and web (RT_URL (web/.env:3)) gets no connection: the "
          "usual path /socket.io/ is answered with 404 there.");
    CHECK(finding.fix == "give the client the same path: io(URL, { path: \"/realtime/\" })");
    // A page at a path that has nothing to do with it.
    world.facts.dials.back().body = "<html>";
    CHECK(world.findings().empty());
}

TEST_CASE("a page whose scripts ask where nobody listens is told", "[unit][doctor]") {
    World world;
    ReferenceFact reference;
    reference.service = "web";
    reference.kind = "bundle";
    reference.name = "VITE_API_URL";
    reference.where = ".env.production:1";
    reference.scheme = "http";
    reference.host = "localhost";
    reference.port = 4040;
    reference.path = "/dist/assets/index-abc.js";
    world.facts.references = {reference};
    const Finding finding = world.findings().at(0);
    CHECK(finding.id == "bundle-names-dead-port");
    CHECK(finding.what ==
          "The pages of web ask localhost:4040, where nothing listens: it is built into "
          "dist/assets/index-abc.js, from VITE_API_URL (.env.production:1).");
    CHECK(finding.evidence == std::vector<std::string>{"api listens on port 3101"});
    world.facts.references[0].port = 3101;
    CHECK(world.findings().empty());
}
