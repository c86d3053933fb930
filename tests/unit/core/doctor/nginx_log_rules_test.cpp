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

TEST_CASE("a socket that the workers may not write to is told with its mode", "[unit][doctor]") {
    World world = world_with_nginx();
    world.facts.project_dir = "/shop";
    world.facts.nginx[0].user = "nobody";
    world.break_probe("web", 502);
    world.service("api").words = {"gunicorn", "--umask", "077", "-b", "unix:web.sock", "web:app"};
    world.say("web",
              line_of("connect() to unix:/shop/web.sock failed (13: Permission denied) while "
                      "connecting to upstream",
                      "/health"));
    world.facts.paths = {{"/shop/web.sock", "socket", "srwx------", "root", "root"}};
    const Finding finding = world.findings().front();
    CHECK(finding.what ==
          "nginx may not write to the socket web.sock of its upstream: it is srwx------ of root "
          "(group root), and the workers of nginx run as nobody, in location / (nginx.conf:10).");
    CHECK(finding.fix ==
          "let api make it writable for a group of the workers: gunicorn --umask 007 --group GROUP "
          "in place of --umask 077");
    world.facts.paths[0].mode = "srwxrwxrwx";
    CHECK(world.findings().front().fix == "namei -l web.sock shows which; nobody needs x on it");
}

TEST_CASE("a server of uwsgi that is sent HTTP is told as that", "[unit][doctor]") {
    World world = world_with_nginx();
    world.facts.nginx[0].servers[0].locations[0].proxy_pass = "http://127.0.0.1:3101";
    world.break_probe("web", 502);
    world.say("web", line_of("upstream prematurely closed connection", "/health"));
    CHECK(
        world.said() ==
        "[upstream-closes] api behind proxy_pass http://127.0.0.1:3101 (nginx.conf:11) closes the "
        "connection of /health without an answer, so nginx says 502, in location / "
        "(nginx.conf:10).\n");
    world.service("api").words = {"uwsgi", "--socket", "127.0.0.1:3101"};
    CHECK(world.said() ==
          "[upstream-is-not-http] api speaks the uwsgi protocol on 127.0.0.1:3101 (--socket in its "
          "command), and proxy_pass http://127.0.0.1:3101 (nginx.conf:11) sends it HTTP: nginx "
          "answers /health with 502.\n");
    world.service("api").words = {"uwsgi", "--http-socket", "127.0.0.1:3101"};
    CHECK(world.findings().front().id == "upstream-closes");
}

TEST_CASE("a header that is too big is told with the setting", "[unit][doctor]") {
    World world = world_with_nginx();
    world.facts.nginx[0].servers[0].locations[0].proxy_pass = "http://127.0.0.1:3101";
    world.say("web",
              line_of("upstream sent too big header while reading response header", "/login"));
    const Finding finding = world.findings().at(0);
    CHECK(finding.what ==
          "api answers /login with a header that is larger than nginx' buffer, so nginx says 502: "
          "proxy_buffer_size is at its default of 4k, in location / (nginx.conf:10).");
    CHECK(
        finding.fix ==
        "proxy_buffer_size 16k; proxy_buffers 8 16k; in location / (nginx.conf:10), then nginx -t "
        "and reload; or send less (a large Set-Cookie, as a rule)");
}

TEST_CASE("what the error log says is told when nothing else explains", "[unit][doctor]") {
    World world = world_with_nginx();
    world.facts.time = "2026-11-20T18:38:00.000Z";
    world.facts.project_dir = "/shop";
    NginxFact& nginx = world.facts.nginx[0];
    nginx.directory = "/shop";
    nginx.prefix = "/shop/.";
    NginxLocationFact& location = nginx.servers[0].locations[0];
    std::string expected;
    SECTION("a variable without a resolver") {
        location.proxy_pass = "http://$up:8000";
        location.settings.clear();
        world.say("web", line_of("no resolver defined to resolve web.internal", "/"));
        expected =
            "[resolver-missing] nginx can not resolve web.internal for /: proxy_pass has a "
            "variable, and no resolver is set, in location / (nginx.conf:10).\n";
    }
    SECTION("a fallback that does not exist") {
        location.settings = {{"root", "html"}, {"try_files", "$uri $uri/ /index.html"}};
        world.facts.paths = {{"/shop/html/index.html", "", "", "", ""}};
        world.say(
            "web",
            line_of(R"(rewrite or internal redirection cycle while internally redirecting to )"
                    R"("/index.html")",
                    "/app"));
        expected =
            "[proxy-rewrite-loop] nginx answers /app with 500: try_files ends with /index.html, "
            "and "
            "html/index.html does not exist, so that it looks for it in a circle, in location / "
            "(nginx.conf:10).\n";
    }
    SECTION("a root that doubles the path") {
        location.path = "/static/";
        location.settings = {{"root", "static"}};
        world.facts.paths = {{"/shop/static/static/a.css", "", "", "", ""},
                             {"/shop/static/a.css", "file", "-rw-r--r--", "root", "root"}};
        world.say("web",
                  line_of(R"(open() "./static/static/a.css" failed (2: No such file or directory))",
                          "/static/a.css"));
        expected =
            "[static-file-missing] nginx looks for /static/a.css in ./static/static/a.css, which "
            "does not exist, since root static is put before the whole path, /static/ too, in "
            "location /static/ (nginx.conf:10); static/a.css is there.\n";
    }
    CHECK(world.said() == expected);
    // It has been mended since.
    const NginxFact before = nginx;
    location.settings = {{"resolver", "127.0.0.53"}, {"root", "/srv"}};
    CHECK(world.said().empty());
    nginx = before;
    // Something else explains.
    world.end("api", 1);
    CHECK(world.said().find(expected) == std::string::npos);
    // That was long ago.
    World old = world_with_nginx();
    old.facts.nginx = {before};
    old.facts.paths = world.facts.paths;
    old.facts.logs = world.facts.logs;
    old.facts.time = "2026-11-20T18:50:00.000Z";
    CHECK(old.said().empty());
}

TEST_CASE("a short timeout of nginx is told rather than a hang", "[unit][doctor]") {
    World world = world_with_nginx();
    NginxLocationFact& location = world.facts.nginx[0].servers[0].locations[0];
    location.proxy_pass = "http://127.0.0.1:3101";
    location.settings = {{"proxy_read_timeout", "1s"}};
    DialFact& probe = world.probe("web");
    probe.stage = "first byte";
    probe.status = 0;
    probe.error = "no answer";
    probe.timeout = 0.9;
    world.service("web").phase = "unhealthy";
    DialFact behind = probe;
    behind.id = "past nginx: probe of web";
    behind.purpose = "compare";
    behind.port = 3101;
    world.facts.dials.push_back(behind);
    world.say("web", line_of("upstream timed out (110: Connection timed out)", "/health"));
    CHECK(world.said() ==
          "[proxy-timeout-shorter] nginx gives up on /health and answers 504: its "
          "proxy_read_timeout of 1s is shorter than the backend's answer, in location / "
          "(nginx.conf:10).\n");
    // Who is silent for a minute hangs.
    location.settings = {{"proxy_read_timeout", "60s"}};
    CHECK(world.findings().front().id == "upstream-never-answers");
}

TEST_CASE("an nginx that has not been told of its new configuration is found out",
          "[unit][doctor]") {
    World world = world_with_nginx();
    world.facts.nginx[0].servers[0].locations[0].proxy_pass = "http://127.0.0.1:3101";
    world.facts.time = "2026-11-20T18:37:10.000Z";
    world.break_probe("web", 502);
    DialFact behind = world.probe("api");
    behind.id = "past nginx: probe of web";
    behind.purpose = "compare";
    world.facts.dials.push_back(behind);
    const auto refused = [](const std::string& port) {
        return "connect() failed (111: Connection refused) while connecting to upstream, client: "
               "127.0.0.1, request: \"GET /health HTTP/1.1\", upstream: \"http://127.0.0.1:" +
               port + "/health\"";
    };
    world.say("web", refused("3001"));
    CHECK(world.findings()[0].what ==
          "nginx works with an older configuration than its file: it sends /health to "
          "127.0.0.1:3001, and nginx.conf:11 names 127.0.0.1:3101, which answers.");
    CHECK(world.findings()[0].fix == "nginx -t, then nginx -s reload (devstack restart web)");
    world.facts.logs.clear();
    world.say("web", refused("3101"));
    CHECK(world.said().find("older configuration") == std::string::npos);
}

TEST_CASE("a path that only another location's upstream knows is told", "[unit][doctor]") {
    World world = world_with_nginx();
    NginxServerFact& server = world.facts.nginx[0].servers[0];
    server.locations[0].proxy_pass = "";
    NginxLocationFact other;
    other.path = "/apis/";
    other.where = "nginx.conf:19";
    other.proxy_pass = "http://127.0.0.1:3101";
    other.proxy_pass_where = "nginx.conf:20";
    server.locations.push_back(other);
    DialFact asked = world.probe("web");
    asked.id = "asked";
    asked.purpose = "asked";
    asked.path = "/api/quote";
    asked.status = 404;
    asked.is_unexpected = true;
    DialFact known = asked;
    known.id = "past nginx.conf:19: asked";
    known.purpose = "compare";
    known.port = 3101;
    known.status = 200;
    known.is_unexpected = false;
    world.facts.dials.push_back(asked);
    world.facts.dials.push_back(known);
    const Finding finding = world.findings()[0];
    CHECK(finding.id == "proxy-location-missing");
    CHECK(finding.what ==
          "No location of nginx that passes requests on takes /api/quote: it is looked for among "
          "the files of location / (nginx.conf:10) and answered with 404; 127.0.0.1:3101, where "
          "location /apis/ (nginx.conf:19) leads, knows it.");
    CHECK(finding.fix ==
          "correct the path of location /apis/ (nginx.conf:19), or add a location for it, then "
          "nginx -t and reload");
    world.facts.dials.back().headers = {{"content-type", "text/html"}};  // A page for all paths.
    CHECK(world.findings()[0].id != "proxy-location-missing");
    world.facts.dials.back().headers.clear();
    world.facts.dials.back().status = 404;
    CHECK(world.findings()[0].id != "proxy-location-missing");
}

TEST_CASE("an alias without its slash, a missing list of users and a deny are told as such",
          "[unit][doctor]") {
    World world = world_with_nginx();
    NginxLocationFact& location = world.facts.nginx[0].servers[0].locations[0];
    location.path = "/static/";
    location.settings = {{"alias", "/srv/assets"}};
    world.break_probe("web", 404);
    world.probe("web").path = "/static/app.js";
    const auto tell = [&](const std::string& line) {
        world.facts.logs.clear();
        world.say("web", line_of(line, "/static/app.js"));
        return world.findings()[0];
    };
    CHECK(tell("open() \"/srv/assetsapp.js\" failed (2: No such file or directory)").what ==
          "nginx looks for /static/app.js in /srv/assetsapp.js, which does not exist: alias "
          "/srv/assets has no slash at its end, as the path of its location has, in location "
          "/static/ (nginx.conf:10).");
    location.settings = {{"auth_basic_user_file", "/etc/users"}};
    const Finding missing = tell("open() \"/etc/users\" failed (2: No such file or directory)");
    CHECK(missing.id == "proxy-user-file-missing");
    CHECK(missing.what ==
          "nginx lets nobody in for /static/app.js: the file of users /etc/users "
          "(auth_basic_user_file) does not exist, in location /static/ (nginx.conf:10).");
    const Finding denied = tell("access forbidden by rule");
    CHECK(denied.id == "proxy-denies-client");
    CHECK(denied.what ==
          "nginx refuses /static/app.js to 127.0.0.1 (403): allow and deny do not let that address "
          "in, in location /static/ (nginx.conf:10).");
}

TEST_CASE("Lua that fails in nginx is told with its line", "[unit][doctor]") {
    World world = world_with_nginx();
    world.break_probe("web", 500);
    const std::string time = "2026-11-20T18:37:03.000Z";
    world.facts.logs.push_back(
        {"web",
         "error.log",
         {{time,
           "2026/11/28 13:55:29 [error] 22#22: *2 lua entry thread aborted: runtime error: "
           "/srv/lua/auth.lua:3: attempt to index local 'h' (a nil value)"},
          {time, "stack traceback:"},
          {time, "coroutine 0:"},
          {time, "\t/srv/lua/auth.lua: in function 'check'"},
          {time,
           "\taccess_by_lua(ngx.conf:11):1: in main chunk, client: 127.0.0.1, server: , request: "
           "\"GET /health HTTP/1.1\", host: \"127.0.0.1:8080\""}}});
    CHECK(world.findings()[0].id == "proxy-lua-fails");
    CHECK(world.findings()[0].what ==
          "The Lua code of nginx fails for /health, which is answered with 500, in location / "
          "(nginx.conf:10): /srv/lua/auth.lua:3: attempt to index local 'h' (a nil value).");
    // Of another request.
    world.facts.logs[0].lines[4].text = "\tin main chunk, request: \"GET /other HTTP/1.1\"";
    CHECK(world.said().find("Lua") == std::string::npos);
}
