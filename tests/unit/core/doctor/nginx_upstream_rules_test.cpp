// nginx and the servers behind it.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

/// web is an nginx that passes all on to api.
World world_with_nginx(const std::string& proxy_pass) {
    World world;
    world.facts.time = "2026-11-28T06:30:00.000Z";
    world.facts.project_dir = "/shop";
    NginxLocationFact location;
    location.path = "/";
    location.where = "nginx.conf:10";
    location.proxy_pass = proxy_pass;
    location.proxy_pass_where = "nginx.conf:11";
    NginxServerFact server;
    server.where = "nginx.conf:8";
    server.listens = {{"127.0.0.1", 3200, false}};
    server.locations = {location};
    NginxFact nginx;
    nginx.service = "web";
    nginx.config = "nginx.conf";
    nginx.error_log = "error.log";
    nginx.directory = "/shop";
    nginx.prefix = "/shop/.";
    nginx.servers = {server};
    world.facts.nginx = {nginx};
    return world;
}

NginxLocationFact& location_of(World& world) {
    return world.facts.nginx[0].servers[0].locations[0];
}

DialFact& add_past(World& world, const std::string& id) {
    DialFact behind = world.probe("web");
    behind.id = id + "probe of web";
    behind.purpose = "compare";
    behind.port = 3101;
    world.facts.dials.push_back(behind);
    return world.facts.dials.back();
}

void log(World& world, const std::string& what, const std::string& request, int minute = 29) {
    const std::string time = "2026-11-28T06:" + std::to_string(minute) + ":00.000Z";
    const std::string text = "2026/11/28 06:29:00 [error] 9#9: *1 " + what +
                             ", client: 127.0.0.1, request: \"" + request +
                             " HTTP/1.1\", upstream: \"http://127.0.0.1:3101/x\"";
    world.facts.logs.push_back({"web", "error.log", {{time, text}}});
}

void add_upstream(World& world, std::vector<std::string> servers, int keepalive) {
    NginxUpstreamFact upstream;
    upstream.name = "b";
    upstream.where = "nginx.conf:4";
    upstream.servers = std::move(servers);
    for (std::size_t i = 0; i < upstream.servers.size(); ++i)
        upstream.server_places.push_back("nginx.conf:" + std::to_string(5 + i));
    upstream.keepalive = keepalive;
    world.facts.nginx[0].upstreams = {upstream};
}

void add_reference(World& world, int port, bool is_there) {
    DialFact dial;
    dial.id = "http://127.0.0.1:" + std::to_string(port);
    dial.purpose = "reference";
    dial.protocol = "tcp";
    dial.host = "127.0.0.1";
    dial.port = port;
    dial.stage = "done";
    world.facts.dials.push_back(is_there ? dial : World::refused(dial));
}

}  // namespace

TEST_CASE("a TLS server that wants a server name is no plain one", "[unit][doctor]") {
    World world = world_with_nginx("https://127.0.0.1:3101");
    world.break_probe("web", 502);
    DialFact& behind = add_past(world, "past nginx: ");
    behind.protocol = "https";
    behind.stage = "tls";
    behind.status = 0;
    behind.error = "TLS failed: tlsv1 unrecognized name (SSL routines)";
    DialFact& other = add_past(world, "other scheme: past nginx: ");
    other.protocol = "http";
    other.status = 400;
    other.body = "400 The plain HTTP request was sent to HTTPS port";
    NginxServerFact named;
    named.listens = {{"", 3101, true}};
    named.names = {"api.test"};
    world.facts.nginx[0].servers.push_back(named);
    const Finding finding = world.findings().front();
    CHECK(finding.what ==
          "127.0.0.1:3101 speaks TLS, and refuses the handshake of nginx (unrecognized name): "
          "proxy_pass https://127.0.0.1:3101 (nginx.conf:11) sends it no server name (SNI), since "
          "proxy_ssl_server_name is off, its default.");
    CHECK(finding.fix ==
          "proxy_ssl_server_name on; proxy_ssl_name api.test; in location / (nginx.conf:10), then "
          "nginx -t and reload");
    world.break_probe("web", 200);
    world.probe("web").is_unexpected = false;
    world.service("web").phase = "ready";
    REQUIRE(world.said().empty());
}

TEST_CASE("of a health URL, too, an alert means that TLS is spoken", "[unit][doctor]") {
    World world;
    DialFact& probe = world.probe("web");
    probe.protocol = "https";
    probe.stage = "tls";
    probe.status = 0;
    probe.error = "TLS failed: tlsv1 unrecognized name (SSL routines)";
    world.service("web").phase = "unhealthy";
    DialFact other = probe;
    other.id = "other scheme: probe of web";
    other.purpose = "compare";
    other.protocol = "http";
    other.status = 400;
    other.error.clear();
    other.body = "The plain HTTP request was sent to HTTPS port";
    world.facts.dials.push_back(other);
    REQUIRE(world.findings().front().id != "health-wrong-scheme");
}

TEST_CASE("one dead server of an upstream is told where no other is asked", "[unit][doctor]") {
    World world = world_with_nginx("http://b");
    add_upstream(world, {"127.0.0.1:3101", "127.0.0.1:3102"}, 0);
    add_reference(world, 3101, true);
    add_reference(world, 3102, false);
    log(world, "connect() failed (111: Connection refused) while connecting", "GET /x");
    auto& text = world.facts.logs.back().lines.back().text;
    text.replace(text.find("3101"), 4, "3102");
    REQUIRE(world.said().empty());  // nginx asks another one.
    location_of(world).settings = {{"proxy_next_upstream", "off"}};
    REQUIRE(
        world.said() ==
        "[upstream-server-dead] server 127.0.0.1:3102 (nginx.conf:6) of upstream b is one where "
        "nothing listens: one of 2 requests is sent there and answered with 502, since "
        "proxy_next_upstream is off in location / (nginx.conf:10).\n");
    world.facts.time = "2026-11-28T06:50:00.000Z";
    REQUIRE(world.said().empty());  // That was long ago.
}

TEST_CASE("connections that a server closes under requests are told", "[unit][doctor]") {
    World world = world_with_nginx("http://b");
    add_upstream(world, {"127.0.0.1:3101"}, 8);
    world.service("api").uptime_seconds = 100;
    log(world, "upstream prematurely closed connection", "POST /x");
    log(world, "upstream prematurely closed connection", "POST /x");
    REQUIRE(world.said().empty());  // It may have its reason.
    DialFact kept = world.probe("api");
    kept.id = "kept connection of b";
    kept.purpose = "kept";
    world.facts.dials.push_back(kept);
    REQUIRE(world.said().empty());  // Twice is fine.
    SECTION("at the second request") {
        world.facts.dials.back().stage = "second request";
        world.facts.dials.back().error = "closed the connection at the second request";
        REQUIRE(
            world.said() ==
            "[upstream-closes] api (127.0.0.1:3101) has closed 2 connections under POST "
            "requests of nginx within the last minutes: it closes connections that nginx keeps "
            "(keepalive 8 of upstream b, nginx.conf:4), when they are used again. A GET is sent "
            "once more then, a POST is answered with 502.\n");
    }
    SECTION("sooner than nginx") {
        world.facts.dials.back().headers = {{"keep-alive", "timeout=5"}};
        REQUIRE(world.findings().at(0).what.ends_with(
            "nginx.conf:4), after 5.0 s without a request, sooner than nginx does (60 s). A GET is "
            "sent once more then, a POST is answered with 502."));
    }
    // It has been started anew since.
    world.service("api").uptime_seconds = 10;
    REQUIRE(world.said().empty());
}

TEST_CASE("a server that refuses the host that nginx tells it", "[unit][doctor]") {
    World world = world_with_nginx("http://shop_backend");
    add_upstream(world, {"127.0.0.1:3101"}, 0);
    world.break_probe("web", 400);
    add_past(world, "past nginx: ");
    DialFact& same = add_past(world, "past nginx, same host: ");
    same.status = 400;
    REQUIRE(world.findings().front().id == "probe-answered-badly");
    world.facts.dials.back().status = 200;
    world.facts.nginx[0].upstreams[0].name = "shop_backend";
    REQUIRE(world.said() ==
            "[proxy-changes-host] api refuses the host shop_backend that nginx tells it (status "
            "400), and takes the one that is asked for: no proxy_set_header Host is set, in "
            "location / (nginx.conf:10).\n");
}

TEST_CASE("a redirect to https that leads nowhere is told with the header", "[unit][doctor]") {
    World world = world_with_nginx("http://127.0.0.1:3101");
    DialFact asked = world.probe("web");
    asked.id = "asked";
    asked.purpose = "asked";
    asked.protocol = "https";
    asked.path = "/x";
    asked.status = 301;
    asked.headers = {{"location", "https://127.0.0.1:3200/x"}};
    DialFact next = asked;
    next.id = "redirect 1 of asked";
    next.purpose = "redirect";
    DialFact behind = asked;
    behind.id = "past nginx: asked";
    behind.purpose = "compare";
    behind.protocol = "http";
    behind.port = 3101;
    DialFact told = behind;
    told.id = "past nginx, as https: asked";
    told.status = 301;
    world.facts.dials.insert(world.facts.dials.end(), {asked, next, behind, told});
    REQUIRE(world.said().empty());  // The header would not help.
    world.facts.dials.back().status = 200;
    REQUIRE(
        world.said() ==
        "[redirect-loop] api redirects /x to https://127.0.0.1:3200/x, that is to itself, again "
        "and again: it takes the request for plain http, since nginx does not tell it "
        "X-Forwarded-Proto, in location / (nginx.conf:10).\n");
    // It leads to something that answers.
    world.facts.dials[world.facts.dials.size() - 3].status = 200;
    world.facts.dials[world.facts.dials.size() - 3].port = 443;
    REQUIRE(world.said().empty());
}

TEST_CASE("a certificate is no end of a question about a URL", "[unit][doctor]") {
    World world;
    DialFact asked = world.probe("web");
    asked.id = "asked";
    asked.purpose = "asked";
    asked.protocol = "https";
    asked.status = 500;
    asked.is_unexpected = true;
    asked.tls_problem = "self-signed certificate";
    world.facts.dials.push_back(asked);
    REQUIRE(world.said() ==
            "[certificate-self-signed] The certificate of 127.0.0.1:3200 is refused by clients: "
            "self-signed certificate.\n"
            "[request-answered-badly] GET https://127.0.0.1:3200/health is answered with status "
            "500.\n");
    REQUIRE(world.findings().front().fix ==
            "let its clients trust it (curl --cacert FILE; -k skips the check), or have it issued "
            "by an authority that they trust");
}
