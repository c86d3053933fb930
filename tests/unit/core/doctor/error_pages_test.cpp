// Errors that a framework hides behind a page, and words that end in a line of their own.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

constexpr const char* django_page =
    "\n<!doctype html>\n<html lang=\"en\">\n<head>\n  <title>Server Error (500)</title>\n</head>\n"
    "<body>\n  <h1>Server Error (500)</h1><p></p>\n</body>\n</html>\n";

/// api has answered a request so.
World answered(int status, const std::string& body) {
    World world;
    DialFact asked = world.probe("api");
    asked.id = "asked";
    asked.purpose = "asked";
    asked.path = "/v1/prices";
    asked.status = status;
    asked.is_unexpected = true;
    asked.body = body;
    world.facts.dials.push_back(asked);
    world.facts.time = "2026-11-20T18:37:04.000Z";
    world.service("api").has_been_ready = true;
    return world;
}

void say(World& world, const std::string& text) {
    world.facts.logs.push_back({"api", "api.log", {{"2026-11-20T18:37:04.100Z", text}}});
}

}  // namespace

TEST_CASE("a page that hides the error is told with where the error is", "[unit][doctor]") {
    World world = answered(500, django_page);
    say(world, "INFO:     127.0.0.1:47802 - \"GET /v1/prices HTTP/1.1\" 500 Internal Server Error");
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].id == "request-answered-badly");
    CHECK(
        findings[0].fix ==
        "this page is Django's with DEBUG = False: without LOGGING in its settings the error goes "
        "by mail to ADMINS, and not to a log: set DEBUG = True here, or give LOGGING a console "
        "handler for django.request");
    world = answered(500,
                     "<!DOCTYPE html><html><head><title>Server Error</title><style>/*! "
                     "normalize.css v8.0.1");
    CHECK(world.findings()[0].fix ==
          "this page is Laravel's with APP_DEBUG=false: the error is in storage/logs/laravel.log "
          "(LOG_CHANNEL=stderr brings it here); APP_DEBUG=true shows it");
}

TEST_CASE("a page says nothing of where an error is that the log tells", "[unit][doctor]") {
    World world = answered(500, django_page);
    say(world, "Traceback (most recent call last):");
    CHECK(world.findings()[0].fix == "see the log of api");
    world = answered(500, "<html><head><title>Server Error</title></head></html>");
    CHECK(world.findings()[0].fix == "see the log of api");
    world = answered(404, django_page);
    CHECK(world.findings()[0].fix == "see the log of api");
}

TEST_CASE("last words that end with a colon go on in the next line", "[unit][doctor]") {
    World world;
    world.end("api", 1);
    world.service("api").restarts = 4;
    const std::string time = "2026-11-20T18:37:03.000Z";
    world.facts.logs = {
        {"api",
         "api.log",
         {{time, "Error: "}, {time, ""}, {time, "The licence of this program is over."}}}};
    CHECK(world.said() ==
          "[crash-loop] api ended with status 1 after each start (4 restarts); its last words: "
          "Error: The licence of this program is over.\n");
    world = World{};
    world.end("api", 1);
    world.service("api").restarts = 4;
    world.facts.logs = {
        {"api",
         "api.log",
         {{time, "An error has happened:"}, {time, "    at Object.<anonymous> (api.js:3)"}}}};
    CHECK(world.said() ==
          "[crash-loop] api ended with status 1 after each start (4 restarts); its last words: An "
          "error has happened:.\n");
}

TEST_CASE("a program that lacks a path of its newer source is told", "[unit][doctor]") {
    World world = answered(404, "404 page not found\n");
    FolderFact folder;
    folder.service = "api";
    folder.path = ".";
    folder.build_directory = "bin/api";
    folder.newer_source = "cmd/api/main.go:5";
    world.facts.folders = {folder};
    const auto findings = world.findings();
    CHECK(world.said() ==
          "[build-older-than-source] api runs bin/api, which was built before cmd/api/main.go was "
          "changed: /v1/prices, which is answered with 404, is in cmd/api/main.go:5 and not in the "
          "program.\n"
          "  why GET http://127.0.0.1:3101/v1/prices is answered with status 404: 404 page not "
          "found .\n");
    CHECK(findings[0].fix ==
          "build it anew (go build -o bin/api ./cmd/api), then devstack restart api");
    // It has the path, and says no for something else.
    world.facts.folders[0].newer_source = "";
    CHECK(world.findings()[0].id == "request-answered-badly");
}
