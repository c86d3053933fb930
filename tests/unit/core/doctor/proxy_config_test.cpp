// What is understood of the configurations of HAProxy, Caddy and Apache.

#include "devstack/core/doctor/proxy_config.hpp"

#include "support/catch.hpp"

using namespace devstack::core::doctor;

namespace {

Facts facts_of(std::vector<ProxyRouteFact> routes) {
    Facts facts;
    facts.proxy_routes = std::move(routes);
    return facts;
}

/// "server s1 (haproxy.cfg:14) http://127.0.0.1:8000/users" of all that a request may go to.
std::string passed(const Facts& facts, int port, const std::string& path) {
    std::string text;
    for (const ProxyRouteFact* it : find_servers(facts, port, path)) {
        text += (text.empty() ? "" : ", ") + it->directive + " (" + it->where + ") " + it->scheme +
                "://" + it->host + ":" + std::to_string(it->port) + passed_path(*it, path);
    }
    return text;
}

}  // namespace

TEST_CASE("HAProxy passes a request to the servers of a backend", "[unit][doctor]") {
    const Facts facts = facts_of(read_haproxy("haproxy.cfg", R"(
defaults
  mode http
  timeout server 30s
frontend f
  bind 127.0.0.1:8080,:8081
  acl is_api path_beg /api
  use_backend api if is_api
  default_backend web
backend web
  server s1 127.0.0.1:8000 # the first
  server s2 127.0.0.1:8001 check
backend api
  timeout server 1s
  option httpchk GET /healthz
  http-request replace-path ^/api(/.*) \1
  server a1 127.0.0.1:9000 ssl verify none
)"));
    CHECK(passed(facts, 8080, "/x") ==
          "server s1 (haproxy.cfg:11) http://127.0.0.1:8000/x, "
          "server s2 (haproxy.cfg:12) http://127.0.0.1:8001/x");
    CHECK(passed(facts, 8081, "/api/users?a=1") ==
          "server a1 (haproxy.cfg:17) https://127.0.0.1:9000/users?a=1");
    CHECK(passed(facts, 8082, "/x").empty());
    const auto servers = find_servers(facts, 8080, "/x");
    REQUIRE(servers.size() == 2);
    CHECK_FALSE(servers[0]->is_checked);
    CHECK(servers[1]->is_checked);
    CHECK(servers[0]->timeout == 30);
    CHECK(servers[0]->timeout_where == "haproxy.cfg:4");
    const auto* const api = find_servers(facts, 8080, "/api").at(0);
    CHECK(api->timeout == 1);
    CHECK(api->check_path == "/healthz");
    CHECK(api->check_where == "haproxy.cfg:15");
}

TEST_CASE("a condition of HAProxy that is not understood is not guessed", "[unit][doctor]") {
    const Facts facts = facts_of(read_haproxy("haproxy.cfg", R"(
frontend f
  mode http
  bind :8080
  use_backend a if { hdr(host) -i a.test }
  default_backend b
backend a
  server a1 127.0.0.1:8000
backend b
  server b1 127.0.0.1:8001
backend nobody
  server n1 127.0.0.1:8002
)"));
    CHECK(find_servers(facts, 8080, "/").empty());
    CHECK(facts.proxy_routes.size() == 3);
}

TEST_CASE("Caddy passes a request by path", "[unit][doctor]") {
    const Facts facts = facts_of(read_caddy("Caddyfile", R"(
{
  admin off
}
:8080, http://localhost:8081 {
  handle_path /api/* {
    reverse_proxy localhost:8000
  }
  reverse_proxy /ws/* 127.0.0.1:8001 127.0.0.1:8002
  reverse_proxy https://localhost:8443 {
    header_up Host {upstream_hostport}
    transport http {
      response_header_timeout 2s
    }
  }
}
)"));
    CHECK(passed(facts, 8080, "/api/users") ==
          "reverse_proxy (Caddyfile:7) http://localhost:8000/users");
    CHECK(passed(facts, 8081, "/ws/a") ==
          "reverse_proxy (Caddyfile:9) http://127.0.0.1:8001/ws/a, "
          "reverse_proxy (Caddyfile:9) http://127.0.0.1:8002/ws/a");
    CHECK(passed(facts, 8080, "/") == "reverse_proxy (Caddyfile:10) https://localhost:8443/");
    CHECK(find_servers(facts, 8080, "/").at(0)->timeout == 2);
    CHECK(find_servers(facts, 8080, "/api/x").at(0)->strips_by == "handle_path /api/*");
    CHECK(find_servers(facts, 8080, "/api/x").at(0)->strips_where == "Caddyfile:6");
}

TEST_CASE("a Caddyfile of one site needs no braces", "[unit][doctor]") {
    const Facts facts = facts_of(read_caddy("Caddyfile", "localhost:8080\nreverse_proxy :8000\n"));
    CHECK(passed(facts, 8080, "/x") == "reverse_proxy (Caddyfile:2) http://localhost:8000/x");
    const Facts stripped =
        facts_of(read_caddy("Caddyfile", ":8080\nhandle_path /a/* {\n  reverse_proxy :8000\n}\n"));
    CHECK(passed(stripped, 8080, "/a/x") == "reverse_proxy (Caddyfile:3) http://localhost:8000/x");
    CHECK(passed(stripped, 8080, "/b").empty());
}

TEST_CASE("Apache passes a request by the first ProxyPass that fits", "[unit][doctor]") {
    const Facts facts = facts_of(read_apache("httpd.conf", R"(
Listen 127.0.0.1:8080
ProxyTimeout 20
ProxyPass /static !
ProxyPass /slow http://127.0.0.1:8000/slow timeout=1
ProxyPass /api/ http://127.0.0.1:8001/
<Location /in>
  ProxyPass http://127.0.0.1:8002
</Location>
<Proxy balancer://both>
  BalancerMember http://127.0.0.1:8003
  BalancerMember http://127.0.0.1:8004
</Proxy>
ProxyPass / balancer://both/
)"));
    CHECK(passed(facts, 8080, "/static/x").empty());
    CHECK(passed(facts, 8080, "/slow") == "ProxyPass (httpd.conf:5) http://127.0.0.1:8000/slow");
    CHECK(find_servers(facts, 8080, "/slow").at(0)->timeout_by == "timeout=1");
    CHECK(passed(facts, 8080, "/api/x") == "ProxyPass (httpd.conf:6) http://127.0.0.1:8001/x");
    CHECK(find_servers(facts, 8080, "/api/x").at(0)->timeout_by == "ProxyTimeout 20");
    CHECK(passed(facts, 8080, "/in/x") == "ProxyPass (httpd.conf:8) http://127.0.0.1:8002/x");
    CHECK(find_servers(facts, 8080, "/y").size() == 2);
}
