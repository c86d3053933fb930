// What HAProxy, Caddy, Apache and Varnish answer by themselves.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

ProxyRuleFact rule(const std::string& product, const std::string& kind) {
    ProxyRuleFact it;
    it.service = "web";
    it.product = product;
    it.kind = kind;
    it.ports = {"3200"};
    return it;
}

/// Somebody asks web, which is a proxy, for /api/items.
DialFact& ask(World& world, int status, const std::string& body = "") {
    DialFact asked = world.probe("web");
    asked.id = "asked";
    asked.purpose = "asked";
    asked.path = "/api/items";
    asked.status = status;
    asked.body = body;
    asked.is_unexpected = status >= 400;
    world.facts.subject = {"url", "http://127.0.0.1:3200/api/items", 0};
    world.facts.time = "2026-11-20T18:37:02.900Z";
    world.facts.dials.push_back(asked);
    return world.facts.dials.back();
}

void add_behind(World& world, int status, const std::string& mark = "past proxy: ") {
    DialFact behind = world.probe("api");
    behind.id = mark + "asked";
    behind.purpose = "compare";
    behind.path = "/api/items";
    behind.status = status;
    world.facts.dials.push_back(behind);
}

/// The first finding alone, and how to mend it.
std::string first(const World& world) {
    const auto findings = world.findings();
    if (findings.empty()) return "";
    return "[" + findings[0].id + "] " + findings[0].what + "\nfix " + findings[0].fix;
}

}  // namespace

TEST_CASE("HAProxy denies a request itself", "[unit][doctor]") {
    World world;
    ProxyRuleFact deny = rule("HAProxy", "deny");
    deny.text = "http-request deny if is_api";
    deny.where = "haproxy.cfg:12";
    deny.condition = "if { path_beg /api } !{ src 10.0.0.0/8 }";
    deny.status = 403;
    world.facts.proxy_rules = {deny};
    ask(world, 403, "<h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.");
    CHECK(first(world) ==
          "[proxy-denies-request] HAProxy (web) refuses /api/items itself, and passes it on to "
          "nobody: http-request deny if is_api (haproxy.cfg:12).\n"
          "fix correct the condition there, or ask as it wants it (this request: host "
          "127.0.0.1:3200, from 127.0.0.1), then reload HAProxy");
    // The server behind it says so.
    world.facts.dials.back().body = "{\"error\":\"forbidden\"}";
    CHECK(first(world).starts_with("[request-answered-badly]"));
    // The condition is about others.
    world.facts.dials.back().body = "Request forbidden by administrative rules.";
    world.facts.proxy_rules[0].condition = "if { path_beg /admin }";
    CHECK(first(world).starts_with("[request-answered-badly]"));
    // Nobody asks for what it denies.
    world.facts.dials.back().status = 200;
    world.facts.dials.back().is_unexpected = false;
    CHECK(first(world).empty());
}

TEST_CASE("HAProxy has no backend for a request", "[unit][doctor]") {
    World world;
    ProxyRuleFact use = rule("HAProxy", "use");
    use.target = "api";
    use.text = "use_backend api if is_api";
    use.where = "haproxy.cfg:13";
    use.condition = "if { hdr(host) -i api.test }";
    ProxyRuleFact front = rule("HAProxy", "default");
    front.group = front.text = "frontend f";
    front.where = "haproxy.cfg:10";
    world.facts.proxy_rules = {use, front};
    ask(world, 503, "No server is available to handle this request.");
    CHECK(first(world) ==
          "[proxy-no-backend] HAProxy (web) has no backend for /api/items of host "
          "127.0.0.1:3200: frontend f (haproxy.cfg:10) has no default_backend, and of its "
          "conditions none applies: use_backend api if { hdr(host) -i api.test } "
          "(haproxy.cfg:13).\n"
          "fix add default_backend api to frontend f (haproxy.cfg:10), or ask by the host that it "
          "wants (-H \"Host: api.test\"), then reload HAProxy");
    // Only the port is too much.
    world.facts.dials.back().sent = {{"Host", "api.test:3200"}};
    CHECK(first(world).ends_with(
        "fix the header Host has the port in it: write req.hdr(host),field(1,:) in place of "
        "hdr(host) in the condition of use_backend api if is_api (haproxy.cfg:13), then reload "
        "HAProxy"));
    // It may apply: then its servers are not there.
    world.facts.proxy_rules[0].condition = "if { ssl_fc }";
    CHECK(first(world).starts_with("[request-answered-badly]"));
    world.say("web",
              "127.0.0.1:5 [28/Nov/2026:16:31:48.985] f f/<NOSRV> -1/-1/-1/-1/0 503 217 - - SC-- "
              "1/1/0/0/0 0/0 \"GET /api/items HTTP/1.1\"");
    CHECK(first(world).starts_with("[proxy-no-backend]"));
    // There is one: all of its servers are gone.
    world.facts.logs.clear();
    world.say("web",
              "127.0.0.1:5 [28/Nov/2026:16:31:48.985] f b/<NOSRV> 0/-1/-1/-1/0 503 217 - - SC-- "
              "1/1/0/0/0 0/0 \"GET /api/items HTTP/1.1\"");
    CHECK(first(world).starts_with(
        "[upstream-all-down] HAProxy (web) has no server left in backend b, so it answers "
        "/api/items with 503: all are out of use.\n"));
}

TEST_CASE("a backend of HAProxy without servers is told", "[unit][doctor]") {
    World world;
    ProxyRuleFact usual = rule("HAProxy", "default");
    usual.target = "b";
    ProxyRuleFact empty = rule("HAProxy", "empty");
    empty.group = "backend b";
    empty.target = "b";
    empty.where = "haproxy.cfg:20";
    world.facts.proxy_rules = {usual, empty};
    ask(world, 503, "No server is available to handle this request.");
    CHECK(first(world) ==
          "[proxy-no-backend] HAProxy (web) has nobody to pass /api/items to: backend b "
          "(haproxy.cfg:20) names no server.\n"
          "fix add a line server NAME HOST:PORT to it, then reload HAProxy");
    world.facts.dials.back().body = "maintenance";
    CHECK(first(world).starts_with("[request-answered-badly]"));
}

TEST_CASE("Caddy answers a host that none of its sites is for", "[unit][doctor]") {
    World world;
    ProxyRuleFact site = rule("Caddy", "site");
    site.text = "http://shop.localhost:3200";
    site.where = "Caddyfile:5";
    site.hosts = {"shop.localhost"};
    world.facts.proxy_rules = {site};
    DialFact& asked = ask(world, 200);
    asked.headers = {{"server", "Caddy"}, {"content-length", "0"}};
    CHECK(first(world) ==
          "[proxy-host-unknown] No site of Caddy (web) on port 3200 is for the host 127.0.0.1, "
          "only http://shop.localhost:3200 (Caddyfile:5): Caddy answers /api/items with 200 and "
          "nothing in it, and passes it on to nobody.\n"
          "fix ask for http://shop.localhost:3200 (or -H \"Host: shop.localhost:3200\"), or add "
          "127.0.0.1:3200 to the addresses of the site (Caddyfile:5), then caddy reload");
    // Another one may have nothing to say.
    world.facts.dials.back().headers[0].value = "gunicorn";
    CHECK(first(world).empty());
    world.facts.dials.back().headers[0].value = "Caddy";
    world.facts.dials.back().sent = {{"Host", "Shop.localhost:3200"}};
    CHECK(first(world).empty());
    world.facts.dials.back().sent.clear();
    world.facts.proxy_rules[0].hosts = {"*"};
    CHECK(first(world).empty());
}

TEST_CASE("Caddy answers by itself where respond applies", "[unit][doctor]") {
    World world;
    ProxyRuleFact answer = rule("Caddy", "answer");
    answer.text = "respond /api/* 404";
    answer.where = "Caddyfile:6";
    answer.condition = "/api/*";
    answer.status = 404;
    world.facts.proxy_rules = {answer};
    ask(world, 404);
    CHECK(first(world).starts_with("[request-answered-badly]"));
    add_behind(world, 200);
    CHECK(first(world) ==
          "[proxy-returns] Caddy (web) answers /api/items itself, by respond /api/* 404 "
          "(Caddyfile:6), and passes it on to nobody.\n"
          "fix take it out, or narrow its matcher: outside of route { } it comes before "
          "reverse_proxy, whatever the order in the file is; then caddy reload");
    world.facts.proxy_rules[0].condition = "/v1/*";
    CHECK(first(world).starts_with("[request-answered-badly]"));
}

TEST_CASE("a variable that names the upstream of Caddy is not set", "[unit][doctor]") {
    World world;
    ProxyRuleFact variable = rule("Caddy", "variable");
    variable.text = "reverse_proxy {$API_UPSTREAM}";
    variable.where = "Caddyfile:6";
    variable.target = "API_UPSTREAM";
    world.facts.proxy_rules = {variable};
    ask(world, 503);
    CHECK(first(world) ==
          "[proxy-variable-unset] API_UPSTREAM is not set for web (Caddy), and reverse_proxy "
          "{$API_UPSTREAM} (Caddyfile:6) takes its value from it: nothing is put there.\n"
          "fix set API_UPSTREAM for web (env of the service, or its env file), or give it a "
          "default ({$API_UPSTREAM:…}), then devstack restart web");
    world.facts.proxy_rules[0].text = "header X-Version {$API_UPSTREAM}";
    CHECK(first(world).starts_with("[request-answered-badly]"));
    // Nobody misses it.
    world.facts.proxy_rules[0].text = "reverse_proxy {$API_UPSTREAM}";
    world.facts.dials.back().status = 200;
    world.facts.dials.back().is_unexpected = false;
    CHECK(first(world).empty());
}

TEST_CASE("Apache lets a client not in", "[unit][doctor]") {
    World world;
    ProxyRuleFact deny = rule("Apache", "deny");
    deny.text = "Require ip 10.0.0.0/8";
    deny.where = "httpd.conf:18";
    deny.group = "<Location /api>";
    deny.path = "/api";
    deny.status = 403;
    world.facts.proxy_rules = {deny};
    ask(world, 403);
    CHECK(first(world).starts_with("[request-answered-badly]"));
    world.say("web", "AH01630: client denied by server configuration: proxy:http://x/api/items");
    CHECK(first(world) ==
          "[request-denied-by-config] Apache (web) refuses /api/items itself: Require ip "
          "10.0.0.0/8 (httpd.conf:18), in <Location /api>, does not let 127.0.0.1 in.\n"
          "fix add 127.0.0.1 to it (Require ip 10.0.0.0/8 127.0.0.1) if this client may come in, "
          "at httpd.conf:18, then reload Apache");
    // Another one in the same place lets it in.
    ProxyRuleFact local = deny;
    local.text = "Require local";
    world.facts.proxy_rules.push_back(local);
    CHECK_FALSE(first(world).starts_with("[request-denied-by-config] Apache (web) refuses"));
}

TEST_CASE("Apache rewrites a path without end", "[unit][doctor]") {
    World world;
    ProxyRuleFact rewrite = rule("Apache", "rewrite");
    rewrite.text = "RewriteRule ^(.*)$ app/$1 [L]";
    rewrite.where = "www/.htaccess:2";
    rewrite.path = "^(.*)$";
    rewrite.target = "app/$1";
    world.facts.proxy_rules = {rewrite};
    ask(world, 500);
    CHECK(first(world).starts_with("[request-answered-badly]"));
    world.say("web", "AH00124: Request exceeded the limit of 10 internal redirects");
    CHECK(first(world) ==
          "[proxy-rewrite-loop] Apache (web) rewrites /api/items again and again, and gives up "
          "after 10 times: RewriteRule ^(.*)$ app/$1 [L] (www/.htaccess:2) has no condition, and "
          "applies to what it makes of the path, too.\n"
          "fix put RewriteCond %{REQUEST_URI} !^/app before www/.htaccess:2, or end the rule with "
          "[END] in place of [L]");
    world.facts.proxy_rules[0].path = "^old$";
    CHECK(first(world).starts_with(
        "[proxy-rewrite-loop] Apache (web) rewrites /api/items again and again, and gives up "
        "after 10 times: a RewriteRule applies to what it makes of the path.\n"));
}

TEST_CASE("a ProxyPass of Apache comes too late, or runs into the port", "[unit][doctor]") {
    World world;
    ProxyRouteFact all;
    all.service = "web";
    all.product = "Apache";
    all.ports = {"3200"};
    all.path = all.strips = "/";
    all.strips_by = "ProxyPass / http://127.0.0.1:3300/";
    all.where = all.strips_where = "httpd.conf:17";
    all.scheme = "http";
    all.host = "127.0.0.1";
    all.port = 3300;
    ProxyRouteFact api = all;
    api.path = api.strips = "/api";
    api.strips_by = "ProxyPass /api http://127.0.0.1:3101/api";
    api.where = api.strips_where = "httpd.conf:18";
    api.port = 3101;
    world.facts.proxy_routes = {all, api};
    ask(world, 404);
    add_behind(world, 404, "past shadowed proxy: ");
    CHECK(first(world).starts_with("[request-answered-badly]"));
    world.facts.dials.back().status = 200;
    CHECK(first(world) ==
          "[proxy-pass-shadowed] ProxyPass /api http://127.0.0.1:3101/api (httpd.conf:18) of "
          "Apache (web) never applies: ProxyPass / http://127.0.0.1:3300/ (httpd.conf:17) stands "
          "before it and takes /api/items, too.\n"
          "fix put the longer path first: httpd.conf:18 before httpd.conf:17, then reload Apache");
    world.facts.dials.pop_back();
    api.path = api.strips = "/api/";
    api.strips_by = "ProxyPass /api/ http://127.0.0.1:3101";
    world.facts.proxy_routes = {api};
    world.facts.dials.back().status = 500;
    world.say("web", "AH00898: DNS lookup failure for: 127.0.0.1:3101items returned by /api/items");
    CHECK(first(world) ==
          "[proxy-pass-no-slash] Apache (web) takes 127.0.0.1:3101items for the host of its "
          "upstream: in ProxyPass /api/ http://127.0.0.1:3101 (httpd.conf:18) /api/ ends with a "
          "slash and 127.0.0.1:3101 does not, so that the rest of the path runs into the port.\n"
          "fix end both with a slash, or none: ProxyPass /api/ http://127.0.0.1:3101/api/ "
          "(httpd.conf:18) keeps the path, then reload Apache");
}

TEST_CASE("a proxy passes a path to nobody that a server of it knows", "[unit][doctor]") {
    World world;
    ProxyRouteFact route;
    route.service = "web";
    route.product = "Caddy";
    route.ports = {"3200"};
    route.path = "/v1/";
    route.directive = "reverse_proxy";
    route.where = "Caddyfile:7";
    route.scheme = "http";
    route.host = "127.0.0.1";
    route.port = 3101;
    world.facts.proxy_routes = {route};
    ask(world, 404);
    add_behind(world, 404, "past Caddyfile:7: ");
    CHECK(first(world).starts_with("[request-answered-badly]"));
    world.facts.dials.back().status = 200;
    CHECK(first(world) ==
          "[proxy-location-missing] Caddy (web) passes /api/items to nobody, and answers it with "
          "404; 127.0.0.1:3101, where reverse_proxy for /v1/ (Caddyfile:7) leads, knows it.\n"
          "fix correct the path of reverse_proxy for /v1/ (Caddyfile:7), or add one for it, then "
          "reload Caddy");
    // Which requests it takes is not known.
    world.facts.proxy_routes[0].path.clear();
    CHECK(first(world).starts_with("[request-answered-badly]"));
}

TEST_CASE("Varnish refuses its VCL", "[unit][doctor]") {
    World world;
    world.service("web").words = {"varnishd", "-F", "-f", "/srv/default.vcl"};
    for (const char* line : {"Error:",
                             "Message from VCC-compiler:",
                             "Expected ';' got '}'",
                             "(program line 417), at",
                             "('/srv/default.vcl' Line 2 Pos 55)",
                             "backend default { .host = \"127.0.0.1\"; .port = \"9001\" }",
                             "In backend specification starting at:",
                             "('/srv/default.vcl' Line 2 Pos 1)",
                             "VCL compilation failed"}) {
        if (world.facts.logs.empty()) {
            world.say("web", line);
        } else {
            world.facts.logs[0].lines.push_back({"2026-11-20T18:37:03.000Z", line});
        }
    }
    // It goes on with the one that it had.
    CHECK(first(world).empty());
    world.end("web", 2);
    CHECK(first(world) ==
          "[varnish-config] web (Varnish) does not start: it refuses its VCL at default.vcl:2, "
          "position 55: Expected ';' got '}'.\n"
          "fix correct default.vcl:2, or the end of the line before it; varnishd -C -f "
          "/srv/default.vcl checks it");
}

TEST_CASE("lighttpd ignores a key", "[unit][doctor]") {
    World world;
    ask(world, 404);
    world.say("web", "(configfile.c.1289) WARNING: unknown config-key: proxi.server (ignored)");
    CHECK(first(world) ==
          "[lighttpd-key-ignored] web (lighttpd) ignores proxi.server in its configuration, since "
          "none of its modules knows it (did you mean `proxy.server`?), and answers /api/items "
          "with 404.\n"
          "fix write proxy.server in its place, and load the module that has it (server.modules "
          "+= ( \"mod_proxy\" )), then restart web");
    world.facts.logs[0].lines[0].text = "WARNING: unknown config-key: proxy.server (ignored)";
    CHECK(first(world) ==
          "[lighttpd-key-ignored] web (lighttpd) ignores proxy.server in its configuration, since "
          "none of its modules knows it, and answers /api/items with 404.\n"
          "fix load the module that has it (server.modules += ( \"mod_proxy\" )), then restart "
          "web");
    // All is answered.
    world.facts.dials.back().status = 200;
    world.facts.dials.back().is_unexpected = false;
    CHECK(first(world).empty());
}

TEST_CASE("Varnish answers by synth", "[unit][doctor]") {
    World world;
    ProxyRuleFact synth = rule("Varnish", "answer");
    synth.text = "synth(403, \"no\")";
    synth.where = "default.vcl:6";
    synth.status = 403;
    world.facts.proxy_rules = {synth};
    ask(world, 403, "{\"error\":\"forbidden\"}");
    CHECK(first(world).starts_with("[request-answered-badly]"));
    world.facts.dials.back().body = "<h1>Error 403 no</h1><h3>Guru Meditation:</h3>";
    CHECK(first(world) ==
          "[proxy-returns] Varnish (web) answers /api/items itself, and passes it on to nobody: by "
          "synth(403, \"no\") (default.vcl:6).\n"
          "fix correct the condition there, or ask as it wants it (this request: host "
          "127.0.0.1:3200), then load the VCL anew (varnishadm vcl.load, vcl.use)");
    world.facts.proxy_rules[0].status = 405;
    CHECK(first(world).starts_with("[request-answered-badly]"));
}

TEST_CASE("HAProxy speaks the PROXY protocol, or wants it, alone", "[unit][doctor]") {
    World world;
    ProxyRuleFact accept = rule("HAProxy", "accept-proxy");
    accept.text = "bind :3200 accept-proxy";
    accept.where = "haproxy.cfg:9";
    world.facts.proxy_rules = {accept};
    DialFact& asked = ask(world, 0);
    asked.stage = "first byte";
    asked.error = "closed the connection without an answer";
    CHECK(first(world) ==
          "[proxy-wants-proxy-protocol] HAProxy (web) takes only connections that begin with the "
          "PROXY protocol here, which other load balancers speak and clients do not: bind :3200 "
          "accept-proxy (haproxy.cfg:9).\n"
          "fix take accept-proxy out of it where clients come directly, or ask through the load "
          "balancer before it; then reload HAProxy");
    world.facts.proxy_rules[0].kind = "send-proxy";
    world.facts.proxy_rules[0].text = "server s1 127.0.0.1:3101 send-proxy";
    CHECK_FALSE(first(world).starts_with("[proxy-"));
    world.facts.dials.back().stage = "done";
    world.facts.dials.back().error.clear();
    world.facts.dials.back().status = 400;
    world.facts.dials.back().is_unexpected = true;
    CHECK_FALSE(first(world).starts_with("[proxy-"));
    add_behind(world, 200);
    CHECK(first(world) ==
          "[proxy-sends-proxy-protocol] HAProxy (web) begins its connections with the PROXY "
          "protocol, which the server behind it takes for a bad request: server s1 "
          "127.0.0.1:3101 send-proxy (haproxy.cfg:9).\n"
          "fix take send-proxy out of it, or let the server expect it (listen … proxy_protocol of "
          "nginx, accept-proxy of HAProxy); then reload HAProxy");
}

TEST_CASE("Traefik leaves out a router", "[unit][doctor]") {
    World world;
    world.service("web").words = {"traefik", "--configFile=traefik.yml"};
    ask(world, 404, "404 page not found\n");
    world.say("web",
              R"(time="2026-11-20T18:37:00Z" level=error msg="the service \"app@file\" does not )"
              R"(exist" routerName=api@file entryPointName=web)");
    CHECK(first(world) ==
          "[traefik-router-left-out] Traefik (web) leaves out its router api@file, which names the "
          "service app@file, which does not exist; where no other router applies it answers "
          "/api/items with 404 itself.\n"
          "fix correct the router in its configuration; names of another provider need its name "
          "behind them (app@file, app@docker)");
    world.facts.logs[0].lines[0].text =
        "2026-11-20T18:37:00Z ERR EntryPoint doesn't exist entryPointName=webb routerName=api@file";
    CHECK(
        first(world).starts_with("[traefik-router-left-out] Traefik (web) leaves out its router "
                                 "api@file, which names the entryPoint webb, which does not "
                                 "exist;"));
    // Its own, while it starts; somebody else's answer.
    world.facts.logs[0].lines[0].text =
        R"(level=error msg="middleware \"a@file\" does not exist" routerName=acme-http@internal)";
    CHECK(first(world).starts_with("[request-answered-badly]"));
    world.facts.logs[0].lines[0].text =
        R"(level=error msg="middleware \"a@file\" does not exist" routerName=api@file)";
    world.facts.dials.back().body = "{\"error\":\"no such item\"}";
    CHECK(first(world).starts_with("[request-answered-badly]"));
}
