// What nginx answers by itself.

#include "devstack/core/doctor/nginx_config.hpp"

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

NginxServerFact server_at(const std::string& where, const std::vector<std::string>& names) {
    NginxLocationFact location;
    location.path = "/";
    location.where = where;
    location.proxy_pass = "http://127.0.0.1:3101";
    location.proxy_pass_where = where;
    NginxServerFact server;
    server.where = where;
    server.listens = {{"127.0.0.1", 3200, false, false}};
    server.names = names;
    server.locations = {location};
    return server;
}

/// web is an nginx that passes everything on to api.
World world_with_nginx() {
    World world;
    NginxFact nginx;
    nginx.service = "web";
    nginx.config = "nginx.conf";
    nginx.error_log = "error.log";
    nginx.servers = {server_at("nginx.conf:8", {"shop.test"})};
    world.facts.nginx = {nginx};
    return world;
}

DialFact& add_dial(World& world, const std::string& id, const std::string& purpose, int status) {
    DialFact dial = world.probe("web");
    dial.id = id;
    dial.purpose = purpose;
    dial.path = "/orders";
    dial.status = status;
    dial.is_unexpected = purpose == "asked" && (status == 0 || status >= 400);
    if (purpose != "asked") dial.port = 3101;
    world.facts.dials.push_back(dial);
    return world.facts.dials.back();
}

NginxServerFact& server_of(World& world, std::size_t which = 0) {
    return world.facts.nginx[0].servers[which];
}

void set(World& world, const std::string& name, const std::string& value) {
    server_of(world).locations[0].settings.push_back({name, value});
}

}  // namespace

TEST_CASE("the server is picked by the host, as nginx does", "[unit][doctor]") {
    NginxFact nginx;
    nginx.servers = {server_at("1", {"a.test"}),
                     server_at("2", {"*.test", ".b.example"}),
                     server_at("3", {"c.*"}),
                     server_at("4", {"~^d\\d+\\.example$"}),
                     server_at("5", {"x.example"})};
    nginx.servers[4].listens[0].is_default = true;
    const auto pick = [&](const std::string& host) {
        const NginxServerFact* const server = find_server(nginx, 3200, host);
        return server == nullptr ? "" : server->where;
    };
    CHECK(pick("a.test") == "1");
    CHECK(pick("A.test:3200") == "1");
    CHECK(pick("z.test") == "2");
    CHECK(pick("b.example") == "2");
    CHECK(pick("w.b.example") == "2");
    CHECK(pick("c.org") == "3");
    CHECK(pick("d12.example") == "4");
    CHECK(pick("d.example") == "5");
    CHECK(pick("127.0.0.1") == "5");
    nginx.servers[4].listens[0].is_default = false;
    CHECK(pick("127.0.0.1") == "1");
    CHECK(pick("10.0.0.1").empty());
    CHECK(find_server(nginx, 80, "a.test") == nullptr);
}

TEST_CASE("a host that no server names is told with the server that would pass it on",
          "[unit][doctor]") {
    World world = world_with_nginx();
    server_of(world).locations[0].proxy_pass = "";
    world.facts.nginx[0].servers.push_back(server_at("nginx.conf:20", {"api.test"}));
    CHECK(world.said().empty());
    add_dial(world, "asked", "asked", 404);
    const Finding finding = world.findings()[0];
    CHECK(finding.id == "proxy-host-unknown");
    CHECK(
        finding.what ==
        "No server of nginx on port 3200 has the name 127.0.0.1, so the default one, server "
        "shop.test (nginx.conf:8), answers /orders; server api.test (nginx.conf:20) would pass it "
        "on.");
    CHECK(finding.fix ==
          "ask for it by a name that server api.test (nginx.conf:20) has (http://api.test:3200, or "
          "-H \"Host: api.test\"), or add 127.0.0.1 to its server_name, then nginx -t and reload");
    server_of(world).names = {"127.0.0.1"};  // Then it is meant, and knows no such path.
    CHECK(world.findings()[0].id == "request-answered-badly");
}

TEST_CASE("a return of nginx is told as its own answer", "[unit][doctor]") {
    World world = world_with_nginx();
    set(world, "return", "410 gone");
    add_dial(world, "asked", "asked", 410);
    const Finding finding = world.findings()[0];
    CHECK(finding.id == "proxy-returns");
    CHECK(
        finding.what ==
        "nginx answers /orders itself by return 410 gone in location / (nginx.conf:8), and passes "
        "it on to nobody.");
    world.facts.dials.back().status = 404;  // That is not from there.
    CHECK(world.findings()[0].id == "request-answered-badly");
    server_of(world).locations.clear();
    server_of(world).returns = "444";
    world.facts.dials.back().status = 0;
    world.facts.dials.back().error = "closed the connection without an answer";
    CHECK(
        world.findings()[0].what ==
        "nginx answers /orders itself by return 444 in server (nginx.conf:8), and passes it on to "
        "nobody.");
}

TEST_CASE("who refuses by auth_request is told", "[unit][doctor]") {
    World world = world_with_nginx();
    set(world, "auth_request", "/auth");
    add_dial(world, "asked", "asked", 403);
    DialFact& auth = add_dial(world, "auth of asked", "compare", 403);
    auth.path = "/auth";
    Finding finding = world.findings()[0];
    CHECK(finding.id == "proxy-auth-refuses");
    CHECK(finding.what ==
          "nginx asks api whether it may answer /orders (auth_request /auth), and GET "
          "http://127.0.0.1:3101/auth is answered with 403: the request is refused, in location / "
          "(nginx.conf:8).");
    world.facts.dials.back().status = 404;
    finding = world.findings()[0];
    CHECK(finding.id == "proxy-auth-fails");
    CHECK(
        finding.what ==
        "nginx asks api whether it may answer /orders (auth_request /auth), and GET "
        "http://127.0.0.1:3101/auth is answered with 404, which is neither yes (2xx) nor no (401, "
        "403), so nginx says 500, in location / (nginx.conf:8).");
    world.facts.dials.back().status = 200;
    CHECK(world.findings()[0].id == "request-answered-badly");
}

TEST_CASE("what nginx refuses and the server behind it does not is told as nginx' own",
          "[unit][doctor]") {
    World world = world_with_nginx();
    add_dial(world, "asked", "asked", 403);
    add_dial(world, "past nginx: asked", "compare", 200);
    Finding finding = world.findings()[0];
    CHECK(finding.id == "proxy-answers-itself");
    CHECK(finding.what ==
          "nginx answers /orders with 403 itself, in location / (nginx.conf:8): 127.0.0.1:3101 "
          "behind it answers the same request with 200.");
    CHECK(finding.fix ==
          "see what refuses it in location / (nginx.conf:8) (allow, deny, if, return, auth_basic, "
          "auth_request, limit_except)");
    world.facts.dials.back().status = 403;
    CHECK(world.findings()[0].id == "request-answered-badly");
    set(world, "auth_basic", "staff");
    set(world, "auth_basic_user_file", "users");
    world.facts.dials[2].status = 401;
    finding = world.findings()[0];
    CHECK(finding.id == "proxy-wants-login");
    CHECK(finding.what ==
          "nginx wants a log-in for /orders (auth_basic), in location / (nginx.conf:8).");
}

TEST_CASE("a page of nginx' own that hides a dead upstream is told", "[unit][doctor]") {
    World world = world_with_nginx();
    server_of(world).locations[0].proxy_pass = "http://127.0.0.1:3999";
    add_dial(world, "asked", "asked", 200);
    DialFact& behind = add_dial(world, "past nginx: asked", "compare", 0);
    behind.port = 3999;
    behind = World::refused(behind);
    CHECK(world.said().empty());
    set(world, "error_page", "502 =200 /back-soon.html");
    CHECK(world.findings()[0].what ==
          "nginx answers /orders with a page of its own (error_page 502 =200 /back-soon.html) and "
          "200: nothing listens on 127.0.0.1:3999, where proxy_pass http://127.0.0.1:3999 "
          "(nginx.conf:8) leads.");
}

TEST_CASE("an nginx without a server, and a template that is not filled in, are told",
          "[unit][doctor]") {
    World world = world_with_nginx();
    world.facts.nginx[0].servers.clear();
    world.facts.nginx[0].empty_includes = {"include conf.d/*.conf (nginx.conf:12)"};
    CHECK(world.said().empty());
    world.service("web").phase = "starting";
    world.probe("web") = World::refused(world.probe("web"));
    CHECK(world.findings()[0].what ==
          "nginx.conf has no server, so nginx runs and listens nowhere: include conf.d/*.conf "
          "(nginx.conf:12) finds no file.");
    world.facts.nginx[0].empty_includes.clear();
    CHECK(world.findings()[0].what ==
          "nginx.conf has no server, so nginx runs and listens nowhere.");

    World filled = world_with_nginx();
    filled.end("web", 1);
    server_of(filled).locations[0].proxy_pass = "http://${API_HOST}:3101";
    filled.say("web", "2026/11/20 18:37:03 [emerg] 34#34: unknown \"api_host\" variable");
    const Finding finding = filled.findings()[0];
    CHECK(finding.what ==
          "nginx does not start: proxy_pass http://${API_HOST}:3101 (nginx.conf:8) has a variable "
          "that nginx does not know. It knows none of the environment: it is the placeholder of a "
          "template.");
    CHECK(finding.fix ==
          "fill it in before nginx starts (envsubst < TEMPLATE > nginx.conf), or write the value "
          "there");
}

TEST_CASE("a redirect to a port where nobody is is told", "[unit][doctor]") {
    World world = world_with_nginx();
    DialFact& asked = add_dial(world, "asked", "asked", 301);
    asked.headers = {{"location", "http://127.0.0.1:8000/orders/"}};
    DialFact& next = add_dial(world, "redirect 1 of asked", "redirect", 0);
    next.port = 8000;
    next = World::refused(next);
    CHECK(world.findings()[0].what ==
          "web redirects /orders to http://127.0.0.1:8000/orders/, and nothing listens on "
          "127.0.0.1:8000.");
    world.facts.dials.back().error.clear();
    world.facts.dials.back().stage = "done";
    CHECK(world.said().empty());
}
