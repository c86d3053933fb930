// What browsers make nothing of, though each answer is well by itself.

#include "devstack/core/doctor/browser_words.hpp"

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

DialFact& answer(World& world, const std::string& id, const std::string& path, int status) {
    DialFact dial;
    dial.id = id;
    dial.purpose = id == "asked" ? "asked" : id.starts_with("redirect") ? "redirect" : "compare";
    dial.protocol = "http";
    dial.host = "localhost";
    dial.port = 3101;
    dial.path = path;
    dial.stage = "done";
    dial.status = status;
    world.facts.dials.push_back(dial);
    return world.facts.dials.back();
}

/// / -> /login, which sets the cookie, -> /.
World log_in(const std::string& cookie, bool is_loop = true) {
    World world;
    world.facts.subject = {"url", "http://localhost:3101/", 3101};
    answer(world, "asked", "/", 302).headers = {{"location", "/login"}};
    answer(world, "redirect 1 of asked", "/login", 302).headers = {{"location", "/"},
                                                                   {"set-cookie", cookie}};
    answer(world, "redirect 2 of asked", is_loop ? "/" : "/home", is_loop ? 302 : 200);
    return world;
}

}  // namespace

TEST_CASE("a cookie that browsers drop is why a log-in goes in a circle", "[unit][doctor]") {
    World world = log_in("sid=***; Domain=shop.example.com; Path=/; HttpOnly");
    world.service("api").variables = {{"COOKIE_DOMAIN", "shop.example.com"}};
    world.service("api").variables[0].where = ".env:2";
    CHECK(world.said() ==
          "[cookie-refused] Browsers drop the cookie sid that /login sets: it is for "
          "Domain=shop.example.com, and not for localhost, by COOKIE_DOMAIN (.env:2); so the way "
          "goes in a circle: / -> /login -> /.\n");
    CHECK(world.findings()[0].fix ==
          "leave COOKIE_DOMAIN (.env:2) empty here, or ask by a name of shop.example.com");
    CHECK(log_in("sid=***; Path=/; SameSite=None").said() ==
          "[cookie-refused] Browsers drop the cookie sid that /login sets: it has SameSite=None "
          "without Secure; so the way goes in a circle: / -> /login -> /.\n");
    // Browsers keep these; one that is taken away may be of anywhere.
    CHECK(log_in("sid=***; Path=/; HttpOnly; SameSite=Lax").said().empty());
    CHECK(log_in("sid=***; Domain=.localhost; Path=/").said().empty());
    CHECK(log_in("sid=***; Secure; SameSite=None").said().empty());
    CHECK(log_in("sid=***; Domain=shop.test; Max-Age=0", false).said().empty());
    CHECK(log_in("sid=***; Domain=shop.test", false).findings()[0].confidence ==
          Confidence::probable);
    world = log_in("sid=***; Secure; Path=/");
    for (DialFact& it : world.facts.dials)
        it.sent = {{"Host", "shop.test:3101"}};
    CHECK(world.said() ==
          "[cookie-refused] Browsers drop the cookie sid that /login sets: it is Secure, and "
          "shop.test is asked by plain http; so the way goes in a circle: / -> /login -> /.\n");
}

TEST_CASE("what a page may not send is told by its preflight", "[unit][doctor]") {
    const auto ask = [](int status, const std::vector<HeaderFact>& headers) {
        World world;
        DialFact& asked = answer(world, "asked", "/orders", 200);
        asked.sent = {{"Origin", "http://localhost:3000"}, {"Authorization", "***"}};
        asked.headers = {{"access-control-allow-origin", "http://localhost:3000"}};
        answer(world, "preflight of asked", "/orders", status).headers = headers;
        return world.said();
    };
    CHECK(ask(401, {}) ==
          "[cors-preflight-refused] Before a page may send authorization, browsers ask OPTIONS "
          "/orders (CORS), and api answers that with status 401: the request itself is never "
          "sent.\n");
    CHECK(ask(204, {{"access-control-allow-origin", "http://localhost:3000"}}) ==
          "[cors-preflight-refused] Before a page may send authorization, browsers ask OPTIONS "
          "/orders (CORS), and api answers that without authorization in "
          "Access-Control-Allow-Headers: the request itself is never sent.\n");
    CHECK(ask(204,
              {{"access-control-allow-origin", "http://localhost:3000"},
               {"access-control-allow-headers", "Authorization, Content-Type"}})
              .empty());
}

TEST_CASE("an origin that a server refuses is told with its list", "[unit][doctor]") {
    World world;
    DialFact& asked = answer(world, "asked", "/ws", 403);
    asked.sent = {{"Origin", "http://localhost:3101"}};
    asked.is_unexpected = true;
    CHECK(world.findings()[0].id == "request-answered-badly");
    world.service("api").variables = {{"ALLOWED_ORIGINS", "https://chat.example.com"}};
    world.service("api").variables[0].where = ".env:1";
    CHECK(world.findings()[0].what ==
          "api refuses requests of pages of http://localhost:3101 (403): ALLOWED_ORIGINS (.env:1) "
          "allows https://chat.example.com.");
    answer(world, "without origin: asked", "/ws", 101);
    CHECK(world.findings()[0].what ==
          "api refuses requests of pages of http://localhost:3101 (403): ALLOWED_ORIGINS (.env:1) "
          "allows https://chat.example.com; without an Origin the same is answered with 101.");
    // It is among them: there is another reason.
    world.service("api").variables[0].value = "http://localhost:3101,http://localhost:3000";
    world.facts.dials.pop_back();
    CHECK(world.findings()[0].id == "request-answered-badly");
}

TEST_CASE("browsers ask first for what no form could send", "[unit][doctor]") {
    DialFact dial;
    dial.sent = {{"Origin", "x"}, {"Cookie", "x"}, {"Content-Type", "text/plain"}};
    CHECK(preflight_headers(dial).empty());
    dial.sent = {{"Content-Type", "application/json"}, {"X-Tenant", "1"}};
    CHECK(preflight_headers(dial) == "content-type,x-tenant");
    CHECK(first_part("/shop/cart") == "/shop");
    CHECK(first_part("/shop/") == "/shop");
    CHECK(first_part("/shop").empty());
    CHECK(first_part("//x").empty());
    CHECK(without_cookie_value("sid=abc; Path=/; HttpOnly") == "sid=***; Path=/; HttpOnly");
    CHECK(without_cookie_value("abc") == "***");
}

TEST_CASE("a star is no answer to a request with cookies", "[unit][doctor]") {
    World world;
    DialFact& asked = answer(world, "asked", "/me", 200);
    asked.sent = {{"Origin", "http://localhost:3000"}, {"Cookie", "***"}};
    asked.headers = {{"access-control-allow-origin", "*"},
                     {"access-control-allow-credentials", "true"}};
    CHECK(world.said() ==
          "[cors-star-with-cookies] api answers a request with cookies by "
          "Access-Control-Allow-Origin: * (CORS): browsers refuse such an answer to pages that "
          "ask with credentials, whatever Access-Control-Allow-Credentials says.\n");
    world.facts.dials.back().sent.pop_back();
    CHECK(world.said().empty());
}

TEST_CASE("a redirect without the prefix of its server is told", "[unit][doctor]") {
    const auto ask = [](int below) {
        World world;
        answer(world, "asked", "/shop/", 302).headers = {{"location", "/cart"}};
        answer(world, "redirect 1 of asked", "/cart", 404);
        answer(world, "with prefix: asked", "/shop/cart", below);
        return world.said();
    };
    CHECK(ask(200) ==
          "[redirect-loses-prefix] api redirects /shop/ to /cart, without /shop, below which it is "
          "reached: that is answered with 404, and /shop/cart with 200.\n");
    CHECK(ask(404).empty());
}

TEST_CASE("a redirect to the name of an upstream is told", "[unit][doctor]") {
    World world;
    NginxFact nginx;
    nginx.service = "web";
    nginx.config = "nginx.conf";
    NginxServerFact server;
    NginxListenFact listen;
    listen.port = 3200;
    server.listens = {listen};
    NginxLocationFact location;
    location.path = "/";
    location.where = "nginx.conf:8";
    location.proxy_pass = "http://auth_backend";
    server.locations = {location};
    nginx.servers = {server};
    nginx.upstreams = {{"auth_backend", "nginx.conf:5", {}, {"127.0.0.1:3101"}}};
    world.facts.nginx = {nginx};
    DialFact& asked = answer(world, "asked", "/login", 302);
    asked.port = 3200;
    asked.headers = {{"location", "http://auth_backend/start"}};
    CHECK(world.said() ==
          "[redirect-names-upstream] GET /login is redirected to http://auth_backend/start: "
          "auth_backend is the name of an upstream of nginx (nginx.conf:5), which nginx sends as "
          "Host and no browser knows, in location / (nginx.conf:8).\n");
    world.facts.dials.back().headers = {{"location", "http://localhost:3200/start"}};
    CHECK(world.said().empty());
}

TEST_CASE("sessions that nginx spreads are told by its access log", "[unit][doctor]") {
    World world;
    world.facts.time = "2026-11-20T18:37:10.000Z";
    NginxFact nginx;
    nginx.service = "web";
    nginx.upstreams = {{"chat", "nginx.conf:6", {}, {"127.0.0.1:4001", "127.0.0.1:4002"}}};
    world.facts.nginx = {nginx};
    const auto say = [&](const std::string& sid, int status) {
        world.say("web",
                  "127.0.0.1 - - [x] \"GET /socket.io/?EIO=4&transport=polling&sid=" + sid +
                      " HTTP/1.1\" " + std::to_string(status) + " 52");
    };
    // They are of a server that has been restarted.
    say("a", 400);
    say("b", 400);
    say("c", 200);
    CHECK(world.said().empty());
    say("a", 101);
    CHECK(world.said().empty());
    say("b", 200);
    CHECK(world.said() ==
          "[session-not-sticky] nginx spreads the requests of one Socket.IO session over the "
          "servers of upstream chat (nginx.conf:6: 127.0.0.1:4001 and 127.0.0.1:4002), of which "
          "one alone knows it: the others answer 400 (Session ID unknown), in 2 sessions "
          "lately.\n");
    world.facts.nginx[0].upstreams[0].servers.pop_back();
    CHECK(world.said().empty());
}

TEST_CASE("a path is told that the log lists under another prefix", "[unit][doctor]") {
    const auto ask = [](const std::string& path, int status) {
        World world;
        answer(world, "asked", path, status);
        world.say("api",
                  "[Nest] 23  - LOG [RouterExplorer] Mapped {/api/v1/users, GET} route +1ms");
        const auto findings = world.findings();
        return findings.empty() ? "" : findings[0].what;
    };
    CHECK(ask("/api/users", 404) ==
          "api has no path /api/users (404); what it has, by its log, is /api/v1/users.");
    CHECK_FALSE(ask("/api/orders", 404).starts_with("api has no path"));
    CHECK(ask("/api/users", 200).empty());
}

TEST_CASE("GraphQL answers 200 with errors", "[unit][doctor]") {
    const auto ask = [](const std::string& body) {
        World world;
        DialFact& asked = answer(world, "asked", "/graphql?query=x", 200);
        asked.headers = {{"content-type", "application/json; charset=utf-8"}};
        asked.body = body;
        return world.said();
    };
    const std::string body =
        R"({"errors":[{"message":"fetch failed","extensions":{"code":"INTERNAL_SERVER_ERROR"}}],"data":null})";
    CHECK(ask(body) ==
          "[request-answered-badly] GET http://localhost:3101/graphql?query=x is answered with "
          "status 200: " +
              body + ".\n");
    // The client's own mistake; none at all.
    CHECK(ask(R"({"errors":[{"message":"Cannot query field \"x\" on type \"Query\"."}]})").empty());
    CHECK(ask(R"({"data":{"items":[]}})").empty());
}

TEST_CASE("an event stream that is kept back by compression is told", "[unit][doctor]") {
    const auto ask = [](const std::string& packed_body) {
        World world;
        DialFact& asked = answer(world, "asked", "/events", 200);
        asked.headers = {{"content-type", "text/event-stream"}};
        asked.body = "data: 0\n\ndata: 1\n\n";
        DialFact& packed = answer(world, "gzip of asked", "/events", 200);
        packed.headers = {{"content-type", "text/event-stream"}, {"content-encoding", "gzip"}};
        packed.body = packed_body;
        packed.stage = packed_body.empty() ? "body" : "done";
        packed.seconds = 1.3;
        return world.said();
    };
    CHECK(ask("") ==
          "[stream-compressed] The event stream (SSE) /events of api is compressed for clients "
          "that accept that, as browsers do, and its events stay in the compressor: 2 events came "
          "without, none with Accept-Encoding: gzip.\n");
    CHECK(ask("\xef\xbf\xbd").starts_with("[stream-compressed]"));
    CHECK(ask("\xef\xbf\xbdJI,ITR0 J").empty());
}

TEST_CASE("an answer that is cut by its own length is told", "[unit][doctor]") {
    const auto ask = [](const std::string& body, std::size_t length) {
        World world;
        DialFact& asked = answer(world, "asked", "/address", 200);
        asked.headers = {{"content-type", "application/json"},
                         {"content-length", std::to_string(length)}};
        asked.body = body;
        return world.said();
    };
    const std::string cut = "{\"street\": \"Stra\u00dfe\", \"city\": \"K\u00f6l";
    CHECK(ask(cut, cut.size()) ==
          "[answer-cut-short] api announces " + std::to_string(cut.size()) +
              " bytes for /address (Content-Length), and its JSON is not complete with them: "
              "clients see it cut; it counts characters, and some here have several bytes.\n");
    const std::string whole = "{\"a\": \"} [ \\\" {\"}";
    CHECK(ask(whole, whole.size()).empty());
    // Only its beginning is kept.
    CHECK(ask(cut, 5000).empty());
}

TEST_CASE("a page whose parts are asked for without its prefix is told", "[unit][doctor]") {
    const auto ask = [](int root) {
        World world;
        DialFact& asked = answer(world, "asked", "/api/docs", 200);
        asked.headers = {{"content-type", "text/html; charset=utf-8"}};
        asked.body = "<script>SwaggerUIBundle({ url: '/openapi.json', })</script>";
        answer(world, "part of page: /openapi.json", "/openapi.json", root);
        answer(world, "part of page: /api/openapi.json", "/api/openapi.json", 200);
        return world.said();
    };
    CHECK(ask(404) ==
          "[page-loses-prefix] The page /api/docs of api loads /openapi.json, without /api, below "
          "which api is reached: that is answered with 404, and /api/openapi.json with 200.\n");
    CHECK(ask(200).empty());
    const std::string page =
        R"(<link href="/a.css"><script src="/api/b.js"></script><script src="//cdn/c.js">)"
        R"(<a href="/items"><img src="/d.png"><script src='/e.js?v=1'>)";
    CHECK(parts_of_page(page, "/api") == std::vector<std::string>{"/a.css", "/e.js"});
}
