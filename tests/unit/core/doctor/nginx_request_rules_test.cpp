// Requests to nginx that nobody would think of.

#include "devstack/core/doctor/nginx_config.hpp"

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

/// web is an nginx that passes everything on to api; /v1/items is asked for.
World world_with_nginx(int status) {
    World world;
    NginxLocationFact location;
    location.path = "/";
    location.where = "nginx.conf:12";
    location.proxy_pass = "http://127.0.0.1:3101";
    location.proxy_pass_where = "nginx.conf:13";
    NginxServerFact server;
    server.where = "nginx.conf:8";
    server.listens = {{"127.0.0.1", 3200, false, false, false}};
    server.locations = {location};
    NginxFact nginx;
    nginx.service = "web";
    nginx.config = "nginx.conf";
    nginx.error_log = "error.log";
    nginx.directory = nginx.prefix = "/srv/web";
    nginx.servers = {server};
    world.facts.nginx = {nginx};
    world.facts.time = "2026-11-20T18:37:02.900Z";
    DialFact asked = world.probe("web");
    asked.id = "asked";
    asked.purpose = "asked";
    asked.path = "/v1/items";
    asked.status = status;
    asked.is_unexpected = status >= 400;
    world.facts.dials.push_back(asked);
    return world;
}

NginxLocationFact& location_of(World& world) {
    return world.facts.nginx[0].servers[0].locations[0];
}

DialFact& asked_of(World& world) {
    return *std::ranges::find(world.facts.dials, "asked", &DialFact::id);
}

void add_behind(World& world, const std::string& id, const std::string& path, int status) {
    DialFact dial = world.probe("api");
    dial.id = id;
    dial.purpose = "compare";
    dial.path = path;
    dial.status = status;
    world.facts.dials.push_back(dial);
}

std::string first(const World& world) {
    const auto findings = world.findings();
    if (findings.empty()) return "";
    return "[" + findings[0].id + "] " + findings[0].what + "\nfix " + findings[0].fix;
}

}  // namespace

TEST_CASE("what the rewrites of a location make of a path", "[unit][doctor]") {
    NginxLocationFact location;
    location.settings = {{"rewrite", "^/old$ /new break; ^/v1/(.*)$ /api/v1/$1 break"}};
    CHECK(rewritten_path(location, "/v1/items?a=1") == "/api/v1/items");
    CHECK(rewritten_path(location, "/old") == "/new");
    CHECK(rewritten_path(location, "/x").empty());
    // That chooses a location anew, and what is not understood may do anything.
    location.settings = {{"rewrite", "^/v1/(.*)$ /api/$1 last"}};
    CHECK(rewritten_path(location, "/v1/items").empty());
    location.settings = {{"rewrite", "^/(?<rest>.*)$ /api/$rest break"}};
    CHECK(rewritten_path(location, "/v1/items").empty());
}

TEST_CASE("nginx makes a path of another one that nobody knows", "[unit][doctor]") {
    World world = world_with_nginx(404);
    location_of(world).settings = {{"rewrite", "^/v1/(.*)$ /api/v1/$1 break"}};
    add_behind(world, "past nginx: asked", "/v1/items", 404);
    add_behind(world, "past nginx, rewritten: asked", "/api/v1/items", 404);
    CHECK(first(world) ==
          "[proxy-rewrites-path] nginx rewrites /v1/items to /api/v1/items (rewrite ^/v1/(.*)$ "
          "/api/v1/$1 break), in location / (nginx.conf:12): api is asked for that, and answers "
          "404.\n"
          "fix correct the rewrite in location / (nginx.conf:12) so that it makes a path that api "
          "has, then nginx -t and reload");
    add_behind(world, "past nginx, instead /api/items: asked", "/api/items", 200);
    CHECK(first(world) ==
          "[proxy-rewrites-path] nginx rewrites /v1/items to /api/v1/items (rewrite ^/v1/(.*)$ "
          "/api/v1/$1 break), in location / (nginx.conf:12): api is asked for that, and answers "
          "404; it knows /api/items.\n"
          "fix correct the rewrite in location / (nginx.conf:12) so that it makes /api/items of "
          "it, then nginx -t and reload");
    // The path is there, and what it names is not.
    world.facts.dials.pop_back();
    world.facts.dials.back().status = 200;
    CHECK_FALSE(first(world).starts_with("[proxy-rewrites-path]"));
}

TEST_CASE("nginx wants the PROXY protocol", "[unit][doctor]") {
    World world = world_with_nginx(0);
    world.facts.nginx[0].servers[0].listens[0].is_proxied = true;
    asked_of(world).stage = "first byte";
    asked_of(world).error = "closed the connection without an answer";
    CHECK(first(world) ==
          "[proxy-wants-proxy-protocol] nginx takes only connections that begin with the PROXY "
          "protocol on port 3200 (listen … proxy_protocol, in the server of nginx.conf:8), which "
          "load balancers speak and other clients do not: it closes this one.\n"
          "fix take proxy_protocol out of listen (nginx.conf:8) where clients come directly, or "
          "ask through the load balancer; then nginx -t and reload");
    world.facts.nginx[0].servers[0].listens[0].is_proxied = false;
    CHECK(first(world).starts_with("[request-fails]"));
    // It is only slow.
    world.facts.nginx[0].servers[0].listens[0].is_proxied = true;
    asked_of(world).error = "no answer";
    CHECK_FALSE(first(world).starts_with("[proxy-wants-proxy-protocol]"));
    const NginxText text = parse_nginx(
        "nginx.conf", "http { server { listen 80 proxy_protocol; listen 81; location / {} } }");
    NginxFact read;
    summarise_nginx(text.directives, read);
    CHECK(read.servers.at(0).listens.at(0).is_proxied);
    CHECK_FALSE(read.servers.at(0).listens.at(1).is_proxied);
}

TEST_CASE("nginx speaks gRPC to a server that does not", "[unit][doctor]") {
    World world = world_with_nginx(502);
    location_of(world).proxy_pass.clear();
    location_of(world).other_pass = "grpc_pass grpc://127.0.0.1:3101";
    location_of(world).other_pass_where = "nginx.conf:13";
    add_behind(world, "grpc by http: asked", "/v1/items", 404);
    world.say("web",
              "2026/11/20 18:37:02 [error] 19#19: *2 upstream prematurely closed connection while "
              "reading response header from upstream, client: 127.0.0.1, server: , request: \"GET "
              "/v1/items HTTP/2.0\", upstream: \"grpc://127.0.0.1:3101\"");
    CHECK(first(world) ==
          "[upstream-is-not-grpc] nginx speaks gRPC to api (grpc_pass grpc://127.0.0.1:3101, "
          "nginx.conf:13), which speaks HTTP/1.1, so that requests to location / (nginx.conf:12) "
          "fail.\n"
          "fix proxy_pass http://127.0.0.1:3101; in place of grpc_pass (nginx.conf:13), unless "
          "another port of it speaks gRPC; then nginx -t and reload");
    // A server of HTTP/2 alone says so, too.
    world.facts.dials.back().status = 403;
    CHECK_FALSE(first(world).starts_with("[upstream-is-not-grpc]"));
    world.facts.dials.back().status = 0;
    world.facts.dials.back().error = "the answer is not HTTP";
    CHECK_FALSE(first(world).starts_with("[upstream-is-not-grpc]"));
}

TEST_CASE("nginx can not keep a large body", "[unit][doctor]") {
    World world = world_with_nginx(200);
    world.say("web",
              "2026/11/20 18:37:02 [crit] 22#22: *2 open() \"./tmp_b/0000000001\" failed (2: No "
              "such file or directory), client: 127.0.0.1, server: , request: \"POST /v1/items "
              "HTTP/1.1\"");
    world.facts.paths = {{"/srv/web/tmp_b", "", "", "", ""}};
    CHECK(first(world) ==
          "[nginx-temp-unusable] nginx can not keep what is too large for its buffers in "
          "/srv/web/tmp_b: the directory is gone; requests with large bodies, or large answers, "
          "fail.\n"
          "fix restart nginx, which makes it at its start; or mkdir /srv/web/tmp_b, for the user "
          "of its workers");
    // It is there again.
    world.facts.paths[0].kind = "directory";
    CHECK(first(world).empty());
    world.facts.logs[0].lines[0].text =
        "2026/11/20 18:37:02 [crit] 22#22: *2 open() \"/var/lib/nginx/body/0000000001\" failed "
        "(13: Permission denied), client: 127.0.0.1, request: \"POST /v1/items HTTP/1.1\"";
    world.facts.paths = {{"/var/lib/nginx/body", "directory", "drwx------", "root", "root"}};
    CHECK(first(world) ==
          "[nginx-temp-unusable] nginx can not keep what is too large for its buffers in "
          "/var/lib/nginx/body: Permission denied (it is root's, drwx------); requests with large "
          "bodies, or large answers, fail.\n"
          "fix give /var/lib/nginx/body to the user of nginx' workers (chown), or name another "
          "one (client_body_temp_path, proxy_temp_path)");
    // A page that is not there.
    world.facts.logs[0].lines[0].text =
        "2026/11/20 18:37:02 [error] 22#22: *2 open() \"/srv/web/a.js\" failed (2: No such file or "
        "directory), client: 127.0.0.1, request: \"GET /a.js HTTP/1.1\"";
    CHECK(first(world).empty());
}

TEST_CASE("nginx allows some methods only", "[unit][doctor]") {
    World world = world_with_nginx(200);
    location_of(world).settings = {{"limit_except", "GET"}};
    world.say("web",
              "2026/11/20 18:37:02 [error] 22#22: *2 access forbidden by rule, client: 127.0.0.1, "
              "server: , request: \"POST /v1/items HTTP/1.1\", host: \"127.0.0.1:3200\"");
    CHECK(first(world) ==
          "[proxy-denies-method] nginx refuses POST /v1/items with 403: limit_except GET in "
          "location / (nginx.conf:12) denies all other methods; GET is answered with 200.\n"
          "fix add POST to limit_except in location / (nginx.conf:12), if it is to be allowed, "
          "then nginx -t and reload");
    // Nobody asks about it.
    asked_of(world).path = "/v1/orders";
    CHECK(first(world).empty());
}

TEST_CASE("a Unix socket on which nobody listens any more is told", "[unit][doctor]") {
    World world = world_with_nginx(502);
    location_of(world).proxy_pass = "http://unix:/srv/app/api.sock";
    world.facts.logs = {
        {"web",
         "error.log",
         {{"2026-11-20T18:37:02.800Z",
           "[error] 41#41: *3 connect() to unix:/srv/app/api.sock failed (111: Connection refused) "
           "while connecting to upstream, client: 127.0.0.1"}}}};
    world.service("api").command = "gunicorn -b unix:api.sock main:app";
    CHECK(first(world) ==
          "[proxy-socket-stale] nginx passes /v1/items to the socket /srv/app/api.sock (location / "
          "(nginx.conf:12)), and nobody listens there any more: who has made it has ended, and "
          "left the file; the command of api names it.\n"
          "fix devstack restart api; let its command exec the server, so that its end is seen");
    SECTION("and nobody knows who") {
        world.service("api").command = "node api.js";
        CHECK(
            first(world).ends_with("left the file.\nfix start what should listen on "
                                   "/srv/app/api.sock"));
    }
    SECTION("not of long ago") {
        world.facts.logs[0].lines[0].time = "2026-11-20T18:30:00.000Z";
        CHECK(first(world).find("proxy-socket-stale") == std::string::npos);
    }
    SECTION("not when something else is wrong") {
        asked_of(world).status = 500;
        CHECK(first(world).find("proxy-socket-stale") == std::string::npos);
    }
}
