// Lines that programs really write, and what is made of them when nothing else is known.

#include "core/doctor/log_knowledge.hpp"

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

#include <regex>

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

struct Example {
    const char* line;
    const char* id;
    const char* part;  ///< Of the sentence.
};

constexpr Example examples[] = {
    {"Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'zod' imported from /srv/app/env.mjs",
     "node-module-missing",
     "the package zod"},
    {"npm ERR! ERESOLVE unable to resolve dependency tree", "npm-conflict", "contradict"},
    {"error: externally-managed-environment", "pip-managed-environment", "pip may not"},
    {"Could not locate Gemfile", "gemfile-missing", "no Gemfile"},
    {"app.rb:7: syntax error, unexpected end-of-input", "syntax-error", "app.rb line 7"},
    {"django.core.exceptions.ImproperlyConfigured: Set the SECRET_KEY environment variable",
     "variable-missing",
     "SECRET_KEY"},
    {"Invalid environment variables: { DATABASE_URL: [ 'Required' ] }",
     "variable-missing",
     "DATABASE_URL"},
    {"Web server failed to start. Port 8080 was already in use.", "port-in-use", "port 8080"},
    {"Port 5000 is in use by another program.", "port-in-use", "port 5000"},
    {"Migrations are pending. To resolve this issue, run: bin/rails db:migrate",
     "migrations-pending",
     "migrations"},
    {"FastCGI sent in stderr: \"Primary script unknown\" while reading response header",
     "fastcgi-script-unknown",
     "SCRIPT_FILENAME"},
    {"Invalid HTTP_HOST header: 'shop.test'. You may need to add 'shop.test' to ALLOWED_HOSTS.",
     "host-not-allowed",
     "shop.test"},
    {"[ActionDispatch::HostAuthorization::DefaultResponseApp] Blocked hosts: shop.test",
     "host-not-allowed",
     "shop.test"},
    {"[CRITICAL] WORKER TIMEOUT (pid:812)", "worker-timeout", "gunicorn"},
    {"max virtual memory areas vm.max_map_count [65530] is too low, increase to at least [262144]",
     "map-count-too-low",
     "65530"},
    {"Error: unable to verify the first certificate (UNABLE_TO_VERIFY_LEAF_SIGNATURE)",
     "certificate-refused",
     "certificate"},
    {"ReplyError: MISCONF Redis is configured to save RDB snapshots, but it's currently unable to",
     "redis-can-not-save",
     "snapshots"},
    {"# --- RDB ERROR DETECTED ---", "redis-data-damaged", "dump.rdb"},
    {"[ALERT]    (297) : config : parsing [haproxy.cfg:7] : unknown keyword 'bindd'",
     "haproxy-config",
     "haproxy.cfg line 7: unknown keyword 'bindd'"},
    {"Error: adapting config using caddyfile: Caddyfile:3: unrecognized directive: revers_proxy",
     "caddy-config",
     "Caddyfile:3"},
    {"Error: Cannot find module './lib/config'", "node-file-missing", "./lib/config"},
    {"node: --max-old-space= is not allowed in NODE_OPTIONS", "node-options", "--max-old-space="},
    {"Failed to find attribute 'app' in 'wsgi'.", "wsgi-app-not-found", "app of the module wsgi"},
    {"You have 18 unapplied migration(s).", "migrations-pending", "18 migrations"},
    {"PHP message: PHP Fatal error:  Uncaught Error: Call to undefined function f() in /a/i.php:3",
     "php-error",
     "/a/i.php, line 3"},
    {"Invalid command 'ProxyPass', perhaps misspelled or defined by a module not included",
     "apache-config",
     "ProxyPass"},
    {"[proxy:error] [pid 17] (111)Connection refused: AH00957: HTTP: attempt to connect to "
     "127.0.0.1:4001 (127.0.0.1) failed",
     "proxy-upstream-refuses",
     "127.0.0.1:4001"},
    {"[proxy:warn] AH01144: No protocol handler was valid for the URL / (scheme 'http').",
     "apache-module-missing",
     "proxies by http"},
    {"[authz_core:error] AH01630: client denied by server configuration: /srv/www/",
     "request-denied-by-config",
     "/srv/www/"},
    {"[27-Nov-2026 18:21:10] WARNING: [pool www] server reached pm.max_children setting (5), "
     "consider raising it",
     "workers-exhausted",
     "all 5"},
    {"[ALERT]    (34) : config : [haproxy.cfg:12] : 'server b/s1' : could not resolve address "
     "'backend'.",
     "haproxy-host",
     "line 12"},
    {"connect() to unix:/run/app.sock failed (13: Permission denied) while connecting to upstream",
     "proxy-socket-not-reachable",
     "/run/app.sock: Permission denied"},
};

}  // namespace

TEST_CASE("what programs write is understood", "[unit][doctor]") {
    for (const Example& example : examples) {
        INFO(example.line);
        World world;
        world.end("api", 1);
        world.say("api", example.line);
        const auto findings = world.findings();
        REQUIRE_FALSE(findings.empty());
        CHECK(findings[0].id == example.id);
        INFO(findings[0].what);
        CHECK(findings[0].what.find(example.part) != std::string::npos);
        CHECK_FALSE(findings[0].fix.empty());
    }
}

TEST_CASE("every pattern of the table is one, and contains its part", "[unit][doctor]") {
    for (const LogKnowledge& known : log_knowledge()) {
        INFO(known.pattern);
        CHECK_NOTHROW(std::regex{known.pattern.data(), known.pattern.size()});
        CHECK_FALSE(known.meaning.empty());
        CHECK_FALSE(known.fix.empty());
        CHECK(known.strength >= 50);
        CHECK(known.strength <= 80);
    }
}

TEST_CASE("who may not listen on a low port is told, in whatever words it was refused",
          "[unit][doctor]") {
    World world;
    world.end("api", 1);
    ServiceFact& api = world.service("api");
    api.ports = {"81"};
    api.user = "nobody";
    api.user_id = 65534;
    world.facts.machine.first_unprivileged_port = 1024;
    world.say("api", "PermissionError: [Errno 13] Permission denied");
    CHECK(world.findings()[0].what ==
          "api runs as nobody, who may not listen on port 81: ports below 1024 are privileged.");
    api.user_id = 0;
    CHECK(world.findings()[0].id != "port-privileged");
}
