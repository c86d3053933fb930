// What nginx logs of a request that fails now is told; what it logs besides is not.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

/// web is an nginx that passes /api/ on to api.
World world_with_nginx() {
    World world;
    NginxLocationFact location;
    location.path = "/";
    location.where = "nginx.conf:10";
    location.proxy_pass = "https://127.0.0.1:3101";
    location.proxy_pass_where = "nginx.conf:11";
    location.settings = {{"root", "/srv/www"}};
    NginxServerFact server;
    server.where = "nginx.conf:8";
    server.listens = {{"127.0.0.1", 3200, false}};
    server.names = {"localhost"};
    server.locations = {location};
    NginxFact nginx;
    nginx.service = "web";
    nginx.config = "nginx.conf";
    nginx.error_log = "error.log";
    nginx.servers = {server};
    world.facts.nginx = {nginx};
    return world;
}

std::string line_of(const std::string& what, const std::string& request) {
    return "2026/11/27 18:00:00 [error] 9#9: *1 " + what + ", client: 127.0.0.1, request: \"GET " +
           request + " HTTP/1.1\"";
}

}  // namespace

TEST_CASE("a file that nginx may not read is named", "[unit][doctor]") {
    World world = world_with_nginx();
    world.break_probe("web", 403);
    world.say("web",
              line_of(R"(open() "/srv/www/health" failed (13: Permission denied))", "/health"));
    REQUIRE(world.said() ==
            "[static-file-forbidden] nginx may not read /srv/www/health for /health: permission "
            "denied, on the file or a directory above it, in location / (nginx.conf:10).\n");
}

TEST_CASE("a file that another request did not find is no trouble", "[unit][doctor]") {
    World world = world_with_nginx();
    world.say("web",
              line_of(R"(open() "/srv/www/favicon.ico" failed (2: No such file or directory))",
                      "/favicon.ico"));
    REQUIRE(world.said().empty());
}

TEST_CASE("https to an upstream that speaks none is told once", "[unit][doctor]") {
    World world = world_with_nginx();
    world.break_probe("web", 502);
    world.say("web",
              line_of("SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version "
                      "number) while SSL handshaking to upstream",
                      "/health"));
    DialFact behind = world.probe("web");
    behind.id = "past nginx: probe of web";
    behind.purpose = "compare";
    behind.protocol = "https";
    behind.port = 3101;
    behind.stage = "tls";
    behind.status = 0;
    behind.error = "TLS failed: wrong version number (SSL routines)";
    DialFact other = behind;
    other.id = "other scheme: " + behind.id;
    other.protocol = "http";
    other.stage = "done";
    other.status = 200;
    other.error.clear();
    world.facts.dials.push_back(behind);
    world.facts.dials.push_back(other);
    REQUIRE(
        world.said() ==
        "[upstream-wrong-scheme] proxy_pass https://127.0.0.1:3101 (nginx.conf:11) speaks https "
        "to 127.0.0.1:3101, where plain http, no TLS, is spoken: /health is answered with "
        "502.\n");
}

TEST_CASE("of two servers with one name the first is told to answer", "[unit][doctor]") {
    World world = world_with_nginx();
    NginxServerFact twin = world.facts.nginx[0].servers[0];
    twin.where = "nginx.conf:20";
    world.facts.nginx[0].servers.push_back(twin);
    REQUIRE(world.said().empty());
    world.break_probe("web", 404);
    REQUIRE(world.findings().front().id == "nginx-server-twice");
    twin.listens[0].address = "10.0.0.1";
    world.facts.nginx[0].servers[1] = twin;
    REQUIRE(world.findings().front().id != "nginx-server-twice");
}

TEST_CASE("a socket of nobody is about to go, unless somebody complains", "[unit][doctor]") {
    World world;
    world.break_probe("api", 503);
    world.facts.listeners[0].service.clear();
    world.facts.listeners[0].pid = 0;
    REQUIRE(world.findings().front().id != "port-held-by-stranger");
    world.say("api", "Error: listen EADDRINUSE: address already in use 127.0.0.1:3101");
    REQUIRE(world.findings().front().id == "port-held-by-stranger");
}

TEST_CASE("who holds a port that only a log names is told", "[unit][doctor]") {
    World world;
    world.end("api", 1);
    world.say("api", "[emerg] 9#9: bind() to 0.0.0.0:9229 failed (98: Address already in use)");
    ListenerFact holder;
    holder.port = 9229;
    holder.address = "0.0.0.0";
    holder.pid = 77;
    holder.command = "node --inspect x.js";
    world.facts.listeners.push_back(holder);
    REQUIRE(world.findings().front().what ==
            "Port 9229, which api needs, is held by node --inspect x.js (pid 77).");
}
