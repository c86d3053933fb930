// What HAProxy, Caddy and Apache make of a request.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

ProxyRouteFact route_to(int port, const std::string& name = "s1") {
    ProxyRouteFact route;
    route.service = "web";
    route.product = "HAProxy";
    route.ports = {"3200"};
    route.path = "/";
    route.group = "backend b";
    route.directive = "server " + name;
    route.where = "haproxy.cfg:14";
    route.scheme = "http";
    route.host = "127.0.0.1";
    route.port = port;
    return route;
}

/// web is a HAProxy that passes all on to api; its probe fails, and that past it is added.
DialFact& add_behind(World& world, const std::string& mark = "past proxy: ") {
    DialFact behind = world.probe("web");
    behind.id = mark + "probe of web";
    behind.purpose = "compare";
    behind.port = 3101;
    behind.status = 200;
    behind.stage = "done";
    behind.error.clear();
    behind.is_unexpected = false;
    world.facts.dials.push_back(behind);
    return world.facts.dials.back();
}

void add_reference(World& world, int port, bool is_there) {
    DialFact dial;
    dial.id = "http://127.0.0.1:" + std::to_string(port);
    dial.purpose = "reference";
    dial.protocol = "tcp";
    dial.host = "127.0.0.1";
    dial.port = port;
    dial.stage = "done";
    dial.addresses = {{"127.0.0.1", "connected"}};
    world.facts.dials.push_back(is_there ? dial : World::refused(dial));
}

}  // namespace

TEST_CASE("a timeout of a proxy that is shorter than the answer is told", "[unit][doctor]") {
    World world;
    ProxyRouteFact route = route_to(3101);
    route.timeout = 1;
    route.timeout_by = "timeout server 1s";
    route.timeout_where = "haproxy.cfg:9";
    world.facts.proxy_routes = {route};
    DialFact& probe = world.probe("web");
    probe.stage = "first byte";
    probe.status = 0;
    probe.error = "no answer";
    probe.timeout = 0.9;
    world.service("web").phase = "unhealthy";
    DialFact& behind = add_behind(world);
    behind.seconds = 3;
    // It may as well hang itself.
    REQUIRE(world.findings().front().id == "accepts-and-never-answers");
    world.service("web").last_answer = "status 504, wanted 200-299";
    REQUIRE(world.said() ==
            "[proxy-timeout-shorter] HAProxy (web) gives up on /health after 1.0 s and answers "
            "504: timeout server 1s (haproxy.cfg:9) is shorter than what api takes.\n");
    // Who is silent for that long may never answer.
    world.facts.proxy_routes[0].timeout = 30;
    world.facts.proxy_routes[0].timeout_by = "timeout server 30s";
    world.facts.dials.back().stage = "first byte";
    world.facts.dials.back().error = "no answer";
    REQUIRE(world.said() ==
            "[upstream-never-answers] api, to which HAProxy (web) passes /health, has not answered "
            "it within timeout server 30s (haproxy.cfg:9), and does not when it is asked directly: "
            "it is not HAProxy that hangs.\n");
    // The server is fast.
    world.facts.dials.back().stage = "done";
    world.facts.dials.back().error.clear();
    world.facts.dials.back().seconds = 0.1;
    REQUIRE(world.findings().front().id == "accepts-and-never-answers");
}

TEST_CASE("Apache's own log tells that it has given up", "[unit][doctor]") {
    World world;
    ProxyRouteFact route = route_to(3101);
    route.product = "Apache";
    route.directive = "ProxyPass";
    route.where = "httpd.conf:10";
    route.timeout = 1;
    route.timeout_by = "timeout=1";
    route.timeout_where = "httpd.conf:10";
    world.facts.proxy_routes = {route};
    world.break_probe("web", 502);
    DialFact& behind = add_behind(world);
    behind.stage = "first byte";
    behind.error = "no answer";
    behind.status = 0;
    behind.timeout = 0.6;
    REQUIRE(world.findings().front().id != "proxy-timeout-shorter");
    world.facts.logs.push_back(
        {"web",
         "error.log",
         {{"", "(70007)The timeout specified has expired: AH01102: error reading status line"},
          {"", "AH00898: Error reading from remote server returned by /health"}}});
    const Finding finding = world.findings().front();
    REQUIRE(finding.what ==
            "Apache (web) gives up on /health after 1.0 s and answers 502: timeout=1 "
            "(httpd.conf:10) is shorter than what api takes.");
    REQUIRE(finding.fix ==
            "raise timeout=1 (httpd.conf:10) above the longest answer of api, then reload Apache; "
            "or make /health faster");
}

TEST_CASE("a prefix that a proxy takes off is told when the server wants it", "[unit][doctor]") {
    World world;
    ProxyRouteFact route = route_to(3101);
    route.product = "Caddy";
    route.directive = "reverse_proxy";
    route.where = "Caddyfile:7";
    route.strips = "/api";
    route.strips_by = "handle_path /api/*";
    route.strips_where = "Caddyfile:6";
    world.facts.proxy_routes = {route};
    world.break_probe("web", 404);
    world.probe("web").path = "/api/users";
    DialFact& behind = add_behind(world);
    behind.path = "/users";
    behind.status = 404;
    DialFact& same = add_behind(world, "past proxy, same path: ");
    same.path = "/api/users";
    REQUIRE(world.said() ==
            "[proxy-strips-path] handle_path /api/* (Caddyfile:6) strips the prefix /api: for "
            "/api/users api is asked for /users and answers 404.\n");
    // Nobody knows that path.
    world.facts.dials.back().status = 404;
    REQUIRE(world.findings().front().id == "health-path-not-found");
}

TEST_CASE("a scheme that the server does not speak is told of other proxies", "[unit][doctor]") {
    World world;
    ProxyRouteFact route = route_to(3101);
    route.scheme = "https";
    world.facts.proxy_routes = {route};
    world.break_probe("web", 503);
    DialFact& behind = add_behind(world);
    behind.protocol = "https";
    behind.stage = "tls";
    behind.status = 0;
    behind.error = "TLS failed: wrong version number (SSL routines)";
    DialFact& other = add_behind(world, "other scheme: past proxy: ");
    other.protocol = "http";
    const Finding finding = world.findings().front();
    REQUIRE(finding.what ==
            "server s1 (haproxy.cfg:14) of HAProxy (web) speaks https to 127.0.0.1:3101, where "
            "plain http, no TLS, is spoken: /health is answered with 503.");
    REQUIRE(finding.fix == "remove ssl from server s1 (haproxy.cfg:14), then reload HAProxy");
    // An alert comes from one that speaks TLS.
    for (DialFact& it : world.facts.dials) {
        if (it.stage == "tls") it.error = "TLS failed: tlsv1 unrecognized name (SSL routines)";
    }
    REQUIRE(world.findings().front().id != "upstream-wrong-scheme");
}

TEST_CASE("a check by HTTP that is answered badly is told with its line", "[unit][doctor]") {
    World world;
    ProxyRouteFact route = route_to(3101);
    route.is_checked = true;
    route.check_path = "/healthz";
    route.check_by = "option httpchk GET /healthz";
    route.check_where = "haproxy.cfg:13";
    world.facts.proxy_routes = {route};
    world.break_probe("web", 503);
    add_behind(world);
    DialFact& check = add_behind(world, "check past proxy: ");
    check.path = "/healthz";
    check.status = 404;
    REQUIRE(world.said() ==
            "[upstream-check-fails] HAProxy (web) answers 503, since its check fails: api answers "
            "option httpchk GET /healthz (haproxy.cfg:13) with 404, so that server s1 "
            "(haproxy.cfg:14) is out of use.\n");
    world.facts.dials.back().status = 200;
    REQUIRE(world.findings().front().id == "probe-answered-badly");
}

TEST_CASE("one dead server of several is told when its requests fail", "[unit][doctor]") {
    World world;
    ProxyRouteFact second = route_to(3102, "s2");
    second.where = "haproxy.cfg:15";
    world.facts.proxy_routes = {route_to(3101), second};
    add_reference(world, 3101, true);
    add_reference(world, 3102, false);
    REQUIRE(world.said().empty());  // Nobody has met it.
    world.say("web", R"(f b/s2 0/0/-1/-1/0 503 217 - - SC-- 1/1/0/0/0 0/0 "GET / HTTP/1.1")");
    REQUIRE(world.said() ==
            "[upstream-server-dead] server s2 (haproxy.cfg:15) names 127.0.0.1:3102, where nothing "
            "listens: HAProxy (web) sends it one of 2 requests all the same, and these fail.\n");
    // One that is checked is left out.
    world.facts.proxy_routes[1].is_checked = true;
    REQUIRE(world.said().empty());
}

TEST_CASE("a dead server is told for a URL that its proxy answers badly", "[unit][doctor]") {
    World world;
    world.facts.proxy_routes = {route_to(3102)};
    add_reference(world, 3102, false);
    ReferenceFact reference;
    reference.service = "web";
    reference.kind = "config";
    reference.name = "server s1";
    reference.where = "haproxy.cfg:14";
    reference.scheme = "http";
    reference.host = "127.0.0.1";
    reference.port = 3102;
    reference.dial = "http://127.0.0.1:3102";
    world.facts.references.push_back(reference);
    REQUIRE(world.said().empty());
    SECTION("by its log") {
        world.say("web", R"(f b/<NOSRV> 0/-1/-1/-1/0 503 217 - - SC-- 1/1/0 0/0 "GET / HTTP/1.1")");
        REQUIRE(world.findings().front().id == "proxy-names-dead-port");
        // Another server of the same port may be stopped on purpose.
        world.service("api").ports = {"3102"};
        REQUIRE(world.said().empty());
    }
    SECTION("by its answer") {
        DialFact asked = world.probe("web");
        asked.id = "asked";
        asked.purpose = "asked";
        asked.path = "/";
        asked.stage = "first byte";
        asked.status = 0;
        asked.error = "no answer";
        world.facts.dials.push_back(asked);
        REQUIRE(
            world.findings().front().what ==
            "server s1 (haproxy.cfg:14) of web points to 127.0.0.1:3102, where nothing listens; "
            "api listens on port 3101.");
        // A spare one is there: then this one is not missed.
        world.facts.proxy_routes.push_back(route_to(3101, "s2"));
        add_reference(world, 3101, true);
        world.facts.proxy_routes[0].is_checked = true;
        REQUIRE(world.findings().front().id == "request-fails");
    }
}
