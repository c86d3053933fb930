#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

/// web is an nginx before api, whose sockets a variable names.
void put_nginx_between(World& world) {
    NginxLocationFact location;
    location.path = "/ws";
    location.where = "nginx.conf:20";
    location.proxy_pass = "http://127.0.0.1:3101";
    location.proxy_pass_where = "nginx.conf:21";
    NginxServerFact server;
    server.listens = {{"*", 3200, false}};
    server.locations = {location};
    NginxFact nginx;
    nginx.service = "web";
    nginx.config = "nginx.conf";
    nginx.servers = {server};
    world.facts.nginx = {nginx};
}

DialFact upgrade(const std::string& id, int port, int status) {
    DialFact dial;
    dial.id = id;
    dial.purpose = "websocket";
    dial.protocol = "http";
    dial.host = "localhost";
    dial.port = port;
    dial.path = "/ws";
    dial.stage = "done";
    dial.status = status;
    return dial;
}

}  // namespace

TEST_CASE("an upgrade to a WebSocket that nginx does not pass on is told", "[unit][doctor]") {
    World world;
    put_nginx_between(world);
    world.facts.dials.push_back(upgrade("ws", 3200, 426));
    world.facts.dials.push_back(upgrade("past nginx: ws", 3101, 101));
    CHECK(world.said() ==
          "[proxy-drops-websocket] nginx does not pass on the upgrade to a WebSocket for /ws: the "
          "backend agrees to it (101), and through nginx the answer is 426; location /ws "
          "(nginx.conf:20) sets no Upgrade and Connection header.\n");
    CHECK(world.findings()[0].fix ==
          "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header "
          "Connection \"upgrade\"; in location /ws (nginx.conf:20), then nginx -t and reload");
}

TEST_CASE("an upgrade that both refuse, or both agree to, is no fault of nginx", "[unit][doctor]") {
    for (const int status : {101, 401}) {
        World world;
        put_nginx_between(world);
        world.facts.dials.push_back(upgrade("ws", 3200, status));
        world.facts.dials.push_back(upgrade("past nginx: ws", 3101, status));
        CHECK(world.said().empty());
    }
}
