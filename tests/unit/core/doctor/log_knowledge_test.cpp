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
    {"AH00534: apache2: Configuration error: No MPM loaded.", "apache-module-missing", "no MPM"},
    {"AH00534: httpd: Configuration error: More than one MPM loaded.", "apache-config", "several"},
    {"[proxy:crit] [pid 21:tid 21] AH02432: Cannot find LB Method: byrequests",
     "apache-module-missing",
     "the method byrequests"},
    {"AH01177: Failed to lookup provider 'shm' for 'slotmem': is mod_slotmem_shm loaded??",
     "apache-module-missing",
     "mod_slotmem_shm"},
    {"2026-11-28 17:20:00: (configfile.c.1878) source: lighttpd.conf line: 6 pos: 13 use => for "
     "assignments in arrays",
     "lighttpd-config",
     "lighttpd.conf line 6, position 13: use =>"},
    {"(configfile.c.2200) opening configfile x.conf failed: No such file or directory",
     "lighttpd-config",
     "x.conf: No such file"},
    {"(configfile.c.1700) WARNING: unknown config-key: proxi.server (ignored)",
     "lighttpd-config",
     "proxi.server"},
    {"(plugin.c.195) dlopen() failed for: /usr/lib/lighttpd/mod_x.so /usr/lib/x: cannot open",
     "lighttpd-module-missing",
     "/usr/lib/lighttpd/mod_x.so"},
    {"jwt rejected: token used before issued (iat in the future)",
     "clocks-disagree",
     "token used before issued"},
    {"com.auth0.jwt.exceptions.IncorrectClaimException: The Token can't be used before Fri Nov 28",
     "clocks-disagree",
     "used before Fri"},
    {"jwt.exceptions.ImmatureSignatureError: The token is not yet valid (iat)",
     "clocks-disagree",
     "not yet valid (iat)"},
    {"token is not valid yet", "clocks-disagree", "not valid yet"},
    {"NotBeforeError: jwt not active", "clocks-disagree", "jwt not active"},
    {"JWTClaimValidationFailed: \"nbf\" claim timestamp check failed", "clocks-disagree", "nbf"},
    {"ValueError: Token used too early, 1764347321 < 1764350921.", "clocks-disagree", "early"},
    {"(RequestTimeTooSkewed) when calling the PutObject operation",
     "clocks-disagree",
     "15 minutes"},
    {"Signature not yet current: 20261128T180000Z is still later", "clocks-disagree", "20261128"},
    {"krb5: Clock skew too great", "clocks-disagree", "Kerberos"},
    {"httpd (pid 21) already running", "server-already-running", "already, pid 21"},
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
    {"main.go:2:8: no required module provides package github.com/gin-gonic/gin; to add it:",
     "go-module-missing",
     "the Go package github.com/gin-gonic/gin,"},
    {"main.go:2:8: missing go.sum entry for module providing package rsc.io/quote (imported by a)",
     "go-sum-missing",
     "entry for rsc.io/quote"},
    {"go: no packages loaded from ./cmd/api", "go-package-missing", "at ./cmd/api"},
    {"./main.go:3:52: undefined: router", "compile-error", "undefined: router, in the files"},
    {"go: errors parsing go.mod: go.mod requires go >= 1.30 (running go 1.19)",
     "runtime-too-old",
     "go >= 1.30"},
    {"Error: Unable to access jarfile build/app.jar", "jar-missing", "build/app.jar"},
    {"no main manifest attribute, in app.jar", "jar-without-main", "app.jar"},
    {"Exception in thread \"main\" java.lang.NoClassDefFoundError: org/slf4j/Logger",
     "java-class-missing",
     "org/slf4j/Logger"},
    {"java.lang.UnsupportedClassVersionError: Main has been compiled by a more recent version of "
     "the Java Runtime (class file version 65.0), this version of the Java Runtime only recognizes "
     "class file versions up to 61.0",
     "java-too-old",
     "for Java 21 (Main), and is run by Java 17"},
    {"app.rb:1:in `require_relative': cannot load such file -- /srv/lib/orders (LoadError)",
     "ruby-file-missing",
     "/srv/lib/orders"},
    {"<internal:kernel_require.rb>:85:in `require': cannot load such file -- sinatra (LoadError)",
     "ruby-load-error",
     "sinatra"},
    {"Your Ruby version is 3.1.2, but your Gemfile specified 3.2.0",
     "runtime-too-old",
     "its Gemfile says 3.2.0, and this is 3.1.2"},
    {"Could not find sinatra-3.0.5 in locally installed gems (Bundler::GemNotFound)",
     "ruby-gem-missing",
     "sinatra"},
    {"Error: Cannot find module '/srv/node_modules/@shop/shared/dist/index.js'. Please verify that "
     "the package.json has a valid \"main\" entry",
     "node-package-not-built",
     "requires the package @shop/shared, and dist/index.js, which"},
    {"psql: error: server does not support SSL, but SSL was required",
     "database-has-no-tls",
     "insists on TLS"},
    {"Error: error:05800074:x509 certificate routines::key values mismatch",
     "certificate-key-mismatch",
     "private key"},
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

TEST_CASE("a program that is not there is less than that it does not compile", "[unit][doctor]") {
    World world;
    world.end("api", 1);
    ProgramFact program;
    program.service = "api";
    program.word = "dist/server.js";
    program.problem = "not found";
    world.facts.programs.push_back(program);
    world.say(
        "api",
        "src/server.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.");
    const auto findings = world.findings();
    CHECK(findings[0].what ==
          "src/server.ts does not compile: line 3, TS2322: Type 'string' is "
          "not assignable to type 'number'.");
    CHECK(findings[0].fix == "correct src/server.ts:3");
}

TEST_CASE("a host is added to ALLOWED_HOSTS without its port", "[unit][doctor]") {
    World world;
    world.say("api",
              "Invalid HTTP_HOST header: '127.0.0.1:8000'. You may need to add '127.0.0.1' to "
              "ALLOWED_HOSTS.");
    CHECK(world.findings()[0].fix ==
          "add '127.0.0.1' to ALLOWED_HOSTS; if its clients name another host, let the proxy pass "
          "that on (proxy_set_header Host $host)");
}

TEST_CASE("workers that were short once are no finding while nobody waits", "[unit][doctor]") {
    World world;
    world.say("api", "WARNING: [pool www] server reached pm.max_children setting (2), consider");
    CHECK(world.said().empty());
    world.facts.listeners[0].accept_queue = 3;
    CHECK(world.findings()[0].id == "workers-exhausted");
}

TEST_CASE("what is known of a line is not told again as an exception", "[unit][doctor]") {
    World world;
    world.end("api", 1);
    world.say("api", "app.rb:1:in `require_relative': cannot load such file -- /srv/a (LoadError)");
    CHECK(world.findings().size() == 1);
}

TEST_CASE("every pattern of the table is one, and contains its part", "[unit][doctor]") {
    for (const LogKnowledge& known : log_knowledge()) {
        INFO(known.pattern);
        CHECK_NOTHROW(std::regex{known.pattern.data(), known.pattern.size()});
        CHECK_FALSE(known.meaning.empty());
        CHECK_FALSE(known.fix.empty());
        CHECK(known.strength >= 50);
        // What has kept a program or packages from being made is above that they are missing.
        const bool is_of_making = known.id == "compile-error" || known.id.starts_with("npm-");
        CHECK(known.strength <= (is_of_making ? 99 : 80));
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
