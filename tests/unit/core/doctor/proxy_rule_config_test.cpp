// What the configurations of HAProxy, Caddy, Apache and Varnish say of whom nothing is passed to.

#include "devstack/core/doctor/proxy_config.hpp"

#include "core/doctor/proxy_conditions.hpp"
#include "support/catch.hpp"

using namespace devstack::core::doctor;

namespace {

/// "deny 403 at 8080: http-request deny (haproxy.cfg:3) if { … } -> target", one a line.
std::string listed(const std::vector<ProxyRuleFact>& rules) {
    std::string text;
    for (const ProxyRuleFact& it : rules) {
        text += it.kind + " " + std::to_string(it.status) + " at";
        for (const std::string& port : it.ports)
            text += " " + port;
        text += ": " + it.text + " (" + it.where + ")";
        for (const std::string& host : it.hosts)
            text += " host " + host;
        if (!it.group.empty()) text += " in " + it.group;
        if (!it.path.empty()) text += " path " + it.path;
        if (!it.condition.empty()) text += " [" + it.condition + "]";
        if (!it.target.empty()) text += " -> " + it.target;
        text += "\n";
    }
    return text;
}

Applies applies(const std::string& condition) {
    return evaluate(condition, {"GET", "/api/items", "shop.test:8080", "127.0.0.1"});
}

}  // namespace

TEST_CASE("the rules of HAProxy are read with their conditions written out", "[unit][doctor]") {
    CHECK(listed(read_haproxy_rules("haproxy.cfg", R"(
defaults
  mode http
frontend f
  bind 127.0.0.1:8080
  acl is_api path_beg /api
  acl is_api path_beg /v1
  acl odd path_beg /a
  acl odd hdr(host) b.test
  http-request deny deny_status 429 if is_api !odd
  use_backend api if is_api
frontend g
  bind :8081
  default_backend api
backend api
  http-request auth unless { http_auth(users) }
)")) == "deny 429 at 8080: http-request deny deny_status 429 if is_api !odd (haproxy.cfg:10) in "
        "frontend f [if { path_beg /api /v1 } !odd]\n"
        "use 0 at 8080: use_backend api if is_api (haproxy.cfg:11) in frontend f "
        "[if { path_beg /api /v1 }] -> api\n"
        "default 0 at 8080: frontend f (haproxy.cfg:4) in frontend f\n"
        "default 0 at 8081: default_backend api (haproxy.cfg:14) in frontend g -> api\n"
        "login 401 at 8080 8081: http-request auth unless { http_auth(users) } (haproxy.cfg:16) "
        "in backend api [unless { http_auth(users) }]\n"
        "empty 0 at 8080 8081: backend api (haproxy.cfg:15) in backend api -> api\n");
    // By TCP nothing is answered.
    CHECK(listed(read_haproxy_rules("haproxy.cfg", "frontend f\n bind :80\n")).empty());
}

TEST_CASE("conditions of HAProxy are evaluated as far as they are understood", "[unit][doctor]") {
    CHECK(applies("") == Applies::yes);
    CHECK(applies("if { path_beg /api }") == Applies::yes);
    CHECK(applies("if { path_beg /api } !{ src 10.0.0.0/8 }") == Applies::yes);
    CHECK(applies("if { path_beg /api } { src 10.0.0.0/8 }") == Applies::no);
    CHECK(applies("unless { src 127.0.0.0/8 }") == Applies::no);
    CHECK(applies("if { path_end .js } or { path -m sub item }") == Applies::yes);
    CHECK(applies("if { hdr(host) -i shop.test }") == Applies::no);
    CHECK(applies("if { req.hdr(host),field(1,:) -i SHOP.test }") == Applies::yes);
    CHECK(applies("if { hdr_dom(host) shop.test }") == Applies::yes);
    CHECK(applies("if METH_POST") == Applies::no);
    CHECK(applies("if { ssl_fc }") == Applies::unknown);
    CHECK(applies("if { ssl_fc } METH_POST") == Applies::no);
    CHECK(applies("if { path_beg -f paths.lst }") == Applies::unknown);
    CHECK(is_in_network("127.0.0.1", "10.0.0.0/8") == Applies::no);
    CHECK(is_in_network("127.0.0.1", "0.0.0.0/0") == Applies::yes);
    CHECK(is_in_network("::1", "10.0.0.0/8") == Applies::unknown);
}

TEST_CASE("the sites of Caddy and what they answer are read", "[unit][doctor]") {
    CHECK(listed(read_caddy_rules("Caddyfile", R"({
  admin off
}
(common) {
  respond /secret 403
}
http://shop.localhost:8080, http://b.test:8080 {
  @old path /v1/* /v0/*
  respond @old 410
  respond "hello"
  handle /api/* {
    error 503
    reverse_proxy {$API:localhost:9000} {$OTHER}
  }
  {$MORE}
}
:8081 {
  file_server
}
)")) == "site 0 at 8080 8080: http://shop.localhost:8080, http://b.test:8080 (Caddyfile:7) host "
        "shop.localhost host b.test\n"
        "answer 410 at 8080 8080: respond @old 410 (Caddyfile:9) host shop.localhost host b.test "
        "[/v1/* /v0/*]\n"
        "answer 200 at 8080 8080: respond hello (Caddyfile:10) host shop.localhost host b.test\n"
        "answer 503 at 8080 8080: error 503 (Caddyfile:12) host shop.localhost host b.test "
        "[/api/*]\n"
        "variable 0 at 8080 8080 8081: reverse_proxy {$API:localhost:9000} {$OTHER} (Caddyfile:13) "
        "-> OTHER\n"
        "site 0 at 8081: :8081 (Caddyfile:17) host *\n"
        "files 0 at 8081: file_server (Caddyfile:18) host *\n");
}

TEST_CASE("files that Caddy imports may have sites of their own", "[unit][doctor]") {
    CHECK(listed(read_caddy_rules("Caddyfile", "import sites/*\na.test:80 {\n}\n")).empty());
    CHECK(listed(read_caddy_rules("Caddyfile", "a.test:80 {\n  import common\n}\n")) ==
          "site 0 at 80: a.test:80 (Caddyfile:1) host a.test\n");
}

TEST_CASE("whom Apache lets in, and what it rewrites, is read", "[unit][doctor]") {
    CHECK(listed(read_apache_rules("httpd.conf", R"(
Listen 127.0.0.1:8080
DocumentRoot /srv/www
<Directory /srv/www>
  Require all granted
</Directory>
<Directory "/srv/www/internal">
  Require ip 10.0.0.0/8
</Directory>
<Location /api>
  Require valid-user
</Location>
RewriteCond %{REQUEST_FILENAME} !-f
RewriteRule ^ /index.php [L]
)")) == "deny 403 at 8080: Require ip 10.0.0.0/8 (httpd.conf:8) in <Directory /srv/www/internal> "
        "path /internal\n"
        "login 401 at 8080: Require valid-user (httpd.conf:11) in <Location /api> path /api\n"
        "rewrite 0 at 8080: RewriteRule ^ /index.php [L] (httpd.conf:14) path ^ [?] -> "
        "/index.php\n");
}

TEST_CASE("the backends of a VCL are read", "[unit][doctor]") {
    const auto routes = read_varnish("default.vcl",
                                     R"(vcl 4.1;
# backend old { .host = "gone"; }
probe health { .url = "/healthz"; }
backend default {
  .host = "127.0.0.1"; .port = "9001"; // there
  .probe = health;
  .first_byte_timeout = 3s;
}
)",
                                     {"8080"});
    REQUIRE(routes.size() == 1);
    CHECK(routes[0].directive + " " + routes[0].where == "backend default default.vcl:4");
    CHECK(routes[0].host + " " + std::to_string(routes[0].port) == "127.0.0.1 9001");
    CHECK(routes[0].check_path == "/healthz");
    CHECK(routes[0].is_checked);
    CHECK(routes[0].path == "/");
    CHECK(routes[0].timeout == 3);
    // Which one is asked is said elsewhere.
    const auto chosen = read_varnish(
        "default.vcl",
        R"(backend a { .host = "127.0.0.1"; .port = "9001"; .probe = { .url = "/ok"; } }
backend b { .host = "127.0.0.1"; .port = "9002"; }
sub vcl_recv { if (req.url ~ "^/api") { set req.backend_hint = b; } })",
        {"8080"});
    REQUIRE(chosen.size() == 2);
    CHECK(chosen[0].path.empty());
    CHECK(chosen[0].check_path == "/ok");
    CHECK(chosen[1].check_path.empty());
}

TEST_CASE("what a VCL answers is read, and the PROXY protocol of HAProxy", "[unit][doctor]") {
    CHECK(listed(read_varnish_rules(
              "default.vcl",
              "vcl 4.1;\n# synth(500)\nsub vcl_recv {\n"
              "  if (req.method == \"PURGE\") { return (synth(405, \"No\")); }\n"
              "}\n",
              {"8080"})) == "answer 405 at 8080: synth(405, \"No\") (default.vcl:4)\n");
    CHECK(listed(read_haproxy_rules("haproxy.cfg",
                                    "defaults\n mode http\nlisten l\n bind :80 accept-proxy\n"
                                    " server s1 127.0.0.1:9001 send-proxy-v2\n")) ==
          "accept-proxy 0 at 80: bind :80 accept-proxy (haproxy.cfg:4) in listen l -> :80\n"
          "send-proxy 0 at 80: server s1 127.0.0.1:9001 send-proxy-v2 (haproxy.cfg:5) in listen "
          "l\n");
}

TEST_CASE("the servers and ports of Traefik are read", "[unit][doctor]") {
    const auto routes = read_traefik("dyn.yml", R"(http:
  services:
    app:
      loadBalancer:
        healthCheck: { path: /health }
        servers:
          - url: "http://127.0.0.1:9001"
          # - url: http://127.0.0.1:9009
)");
    REQUIRE(routes.size() == 1);
    CHECK(routes[0].where + " " + routes[0].host + " " + std::to_string(routes[0].port) ==
          "dyn.yml:7 127.0.0.1 9001");
    CHECK(read_traefik("dyn.toml",
                       "[[http.services.a.loadBalancer.servers]]\n"
                       "  url = \"http://localhost:9002\"\n")
              .at(0)
              .port == 9002);
    CHECK(read_traefik_ports("entryPoints:\n  web:\n    address: \":8080\"\n") ==
          std::vector<std::string>{"8080"});
    CHECK(read_traefik_ports("--entrypoints.web.address=127.0.0.1:8081\n") ==
          std::vector<std::string>{"8081"});
    CHECK(read_traefik_ports("# address: :80\nforwardAuth:\n  address: http://a:90/x\n").empty());
}

TEST_CASE("what an Apache includes is listed", "[unit][doctor]") {
    const std::string text =
        "Listen 80\nInclude a.conf\n# Include b.conf\n"
        "<IfModule x>\n includeoptional conf.d/*.conf\n</IfModule>\n";
    CHECK(list_apache_words(text, "include") ==
          std::vector<std::string>{"a.conf", "conf.d/*.conf"});
    CHECK(find_apache_word(text, "listen") == "80");
}
