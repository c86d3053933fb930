// Causes and consequences, and families of which the recorded facts in tests/golden/doctor have no
// example. Each world is healthy but for one thing.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

#include <algorithm>

using namespace devstack::core::doctor;
using devstack::test::World;

TEST_CASE("a healthy world has no findings", "[unit][doctor]") {
    World world;
    // Bait: noise in the log, an endpoint that nobody uses, a stranger on another port.
    world.say("api", "ERROR: retrying, connect ECONNREFUSED 127.0.0.1:5432");
    DialFact& unused = world.refer("api", "TELEMETRY_URL", "http", 4318);
    unused = World::refused(unused);
    world.facts.listeners.push_back({9999, "127.0.0.1", 99, "python3", "chi", "/", "", "", 0});
    CHECK(world.said().empty());
}

TEST_CASE("what a service can do without is no finding while it is well", "[unit][doctor]") {
    World world;
    DialFact& telemetry = world.refer("api", "OTEL_URL", "http", 4318);
    telemetry = World::refused(telemetry);
    world.say("api", "export failed: connect ECONNREFUSED 127.0.0.1:4318");
    world.service("web").variables = {{"SENTRY_DSN", "", true, false, "web/.env:1", "", ""}};
    world.say("web", "error tracking disabled: SENTRY_DSN is not set");
    CHECK(world.said().empty());
    // A database is not optional.
    DialFact& database = world.refer("api", "DATABASE_URL", "postgresql", 5432);
    database = World::refused(database);
    world.say("api", "Cannot connect to database: connect ECONNREFUSED 127.0.0.1:5432");
    CHECK(world.said() ==
          "[server-not-running] PostgreSQL is not running: nothing listens on "
          "localhost:5432, where DATABASE_URL (api/.env:3) sends api.\n");
}

TEST_CASE("a server that listens elsewhere is the one that was meant if anybody knows",
          "[unit][doctor]") {
    World world;
    DialFact& cache = world.refer("api", "REDIS_URL", "redis", 6390);
    cache = World::refused(cache);
    world.say("api", "Error: connect ECONNREFUSED 127.0.0.1:6390");
    const auto run = [&](int port, const std::string& service) {
        world.facts.listeners.push_back(
            {port, "127.0.0.1", 90, "redis-server", "chi", "/", service, "", 0});
    };
    const std::string not_running =
        "[server-not-running] Redis is not running: nothing listens on localhost:6390, where "
        "REDIS_URL (api/.env:3) sends api.\n";
    const auto wrong_port = [](const std::string& port) {
        return "[variable-names-dead-port] REDIS_URL (api/.env:3) of api points to "
               "localhost:6390, where nothing listens; Redis listens on port " +
               port + ".\n";
    };
    run(7001, "");
    CHECK(world.said() == wrong_port("7001"));
    run(7002, "");
    CHECK(world.said() == not_running);
    run(6379, "");
    CHECK(world.said() == wrong_port("6379"));
    run(7003, "web");
    CHECK(world.said() == wrong_port("7003"));
}

TEST_CASE("without a project a database that an env file names is told, a probable cause",
          "[unit][doctor]") {
    World world;
    const auto name = [&](const std::string& variable, const std::string& scheme, int port) {
        DialFact& dial = world.refer("", variable, scheme, port);
        dial = World::refused(dial);
        world.facts.references.back().where = ".env:" + std::to_string(port);
    };
    name("DATABASE_URL", "postgresql", 5433);
    name("API_URL", "http", 3099);
    CHECK(world.said().empty());
    world.facts.profile = "";
    world.facts.services.clear();
    CHECK(world.said() ==
          "[server-not-running] PostgreSQL is not running: nothing listens on localhost:5433, "
          "where DATABASE_URL (.env:5433) points.\n");
    CHECK(world.findings().front().confidence == Confidence::probable);
}

TEST_CASE("a process that has come while we looked is no leftover", "[unit][doctor]") {
    World world;
    ServiceFact& api = world.service("api");
    api.phase = "starting";
    api.pid = 0;
    std::erase_if(world.facts.listeners, [](const auto& it) { return it.service == "api"; });
    world.facts.listeners.push_back({3101, "127.0.0.1", 77, api.command, "chi", "api", "", "", 0});
    ProcessFact process;
    process.pid = 77;
    process.state = "S";
    process.name = "node";
    process.command = api.command;
    process.age_seconds = 0.2;
    world.facts.processes.push_back(process);
    CHECK(world.said().empty());
    world.facts.processes.back().age_seconds = 500;
    CHECK(
        world.said() ==
        "[port-held-by-leftover] Port 3101 of api is still held by a leftover of an earlier run of "
        "the same service: node api.js (pid 77, user chi, in api).\n");
}

TEST_CASE("a proxy of others is no case of this project", "[unit][doctor]") {
    World world;
    ReferenceFact reference;
    reference.kind = "nginx";
    reference.name = "proxy_pass";
    reference.where = "../other/nginx.conf:10";
    reference.host = "127.0.0.1";
    reference.port = 3901;
    reference.path = "/api/";
    reference.dial = "other";
    world.facts.references.push_back(reference);
    DialFact dial;
    dial.id = "other";
    dial.host = "127.0.0.1";
    dial.port = 3901;
    world.facts.dials.push_back(World::refused(dial));
    world.say("api", "upstream http://127.0.0.1:3901 failed: connection refused");
    world.facts.logs.back().service = "";
    CHECK(world.said().empty());
    // Without a profile every nginx here is looked at.
    world.facts.services.clear();
    world.facts.listeners.clear();
    CHECK(world.said() ==
          "[nothing-listens] Nothing listens on 127.0.0.1:3901: what should be there is not "
          "running; nginx passes /api/ to it by proxy_pass (../other/nginx.conf:10).\n");
}

TEST_CASE("an error in a log is a finding when a request has failed by it", "[unit][doctor]") {
    World world;
    LogFact log{"api", "api.log", {}};
    for (const char* text : {"TypeError: Cannot read properties of null (reading 'id')",
                             "    at getUser (/srv/api/users.js:12:20)",
                             "    at node:internal/process:1:1"}) {
        log.lines.push_back({"2026-11-20T18:37:03.000Z", text});
    }
    world.facts.logs = {log};
    CHECK(world.said().empty());  // It may have been handled.
    world.facts.logs[0].lines.push_back({"2026-11-20T18:37:03.000Z", "GET /api/users 500 3ms"});
    CHECK(world.said() ==
          "[unhandled-exception] A request to api fails by an error that nobody handles in "
          "/srv/api/users.js line 12 (getUser): TypeError: Cannot read properties of null (reading "
          "'id').\n");
}

TEST_CASE("a limit of open files that is not near any more is no finding", "[unit][doctor]") {
    World world;
    world.say("api", "accept: Too many open files");
    CHECK(world.findings().size() == 1);
    world.facts.processes[0].open_files = 20;
    world.facts.processes[0].open_files_limit = 1024;
    CHECK(world.said().empty());
}

TEST_CASE("who waits for a broken service is told below its cause", "[unit][doctor]") {
    World world;
    world.end("api", 1);
    world.say("api", "Error: Cannot find module 'pg'");
    FolderFact folder;
    folder.service = "api";
    folder.path = "api";
    folder.has_package_json = true;
    folder.install_command = "npm ci";
    folder.not_installed = {"pg"};
    world.facts.folders = {folder};
    world.service("web").phase = "waiting";
    world.service("web").pid = 0;
    CHECK(world.said() ==
          "[packages-not-installed] api/node_modules does not exist: the packages "
          "of api (pg) are not installed.\n"
          "  why web waits for api\n");
}

TEST_CASE("a service that answers badly because of another is a consequence", "[unit][doctor]") {
    World world;
    DialFact& dial = world.refer("api", "DATABASE_URL", "postgresql", 5432);
    dial = World::refused(dial);
    world.break_probe("api", 503, "connect ECONNREFUSED 127.0.0.1:5432");
    world.break_probe("web", 500, "Proxy request failed");
    CHECK(
        world.said() ==
        "[server-not-running] PostgreSQL is not running: nothing listens on localhost:5432, where "
        "DATABASE_URL (api/.env:3) sends api.\n"
        "  why web answers GET http://127.0.0.1:3200/health with status 500: Proxy request "
        "failed; wanted is 200-299.\n");
}

TEST_CASE("two causes that have nothing to do with each other are both told", "[unit][doctor]") {
    World world;
    DialFact& database = world.refer("api", "DATABASE_URL", "postgresql", 5432);
    database.code = "28P01";
    database.error = "password authentication failed for user \"shop\"";
    DialFact& cache = world.refer("api", "REDIS_URL", "redis", 6379);
    cache.code = "NOAUTH";
    cache.error = "NOAUTH Authentication required.";
    world.break_probe("api", 503);
    CHECK(world.said() ==
          "[database-wrong-password] The password of role shop in DATABASE_URL (api/.env:3) is "
          "wrong: PostgreSQL at localhost:5432 refuses the log-in.\n"
          "[cache-wants-password] Redis at localhost:6379 wants a password, and REDIS_URL "
          "(api/.env:3) has none.\n");
}

TEST_CASE("who answers on a database's port without being one is named", "[unit][doctor]") {
    World world;
    DialFact& dial = world.refer("api", "DATABASE_URL", "postgresql", 6379);
    dial.error = "the answer is not PostgreSQL's";
    world.facts.listeners.push_back(
        {6379, "127.0.0.1", 5, "redis-server *:6379", "chi", "/", "", "09:00", 0});
    world.break_probe("api", 503);
    CHECK(world.said() ==
          "[endpoint-is-something-else] DATABASE_URL (api/.env:3) of api expects PostgreSQL on "
          "localhost:6379, but there listens redis-server *:6379 (pid 5, user chi, since 09:00, in "
          "/).\n");
}

TEST_CASE("what MySQL says is passed on", "[unit][doctor]") {
    World world;
    DialFact& dial = world.refer("api", "DATABASE_URL", "mysql", 3306);
    dial.code = "1130";
    dial.error = "Host '10.0.0.7' is not allowed to connect to this MySQL server";
    world.break_probe("api", 503);
    CHECK(world.said() ==
          "[database-login-refused] MySQL at localhost:3306, which DATABASE_URL "
          "(api/.env:3) names, refuses connections: Host '10.0.0.7' is not allowed "
          "to connect to this MySQL server.\n");
}

TEST_CASE("a misspelt variable is recognised", "[unit][doctor]") {
    World world;
    world.end("api", 1);
    world.say("api", "Error: DATABASE_URL is required");
    world.service("api").variables = {{"DATABSE_URL", "x", false, false, "api/.env:2", "", ""}};
    EnvFileFact file;
    file.service = "api";
    file.path = "api/.env";
    file.names = {"DATABSE_URL"};
    file.example = "api/.env.example";
    file.example_names = {"DATABASE_URL"};
    world.facts.env_files = {file};
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].what ==
          "DATABASE_URL is not set for api: api/.env:2 says DATABSE_URL, which "
          "is probably meant to be it.");
    CHECK(findings[0].fix == "rename DATABSE_URL to DATABASE_URL in api/.env:2");
}

TEST_CASE("a fact is stronger than a line in a log", "[unit][doctor]") {
    World world;
    world.end("api", 1);
    world.say("api", "Error: listen EADDRINUSE: address already in use :::3101");
    world.facts.listeners.push_back(
        {3101, "::", 77, "python3 -m http.server 3101", "chi", "/srv", "", "09:12", 0});
    CHECK(world.said() ==
          "[port-held-by-stranger] Port 3101, which api needs, is held by python3 -m http.server "
          "3101 (pid 77, user chi, since 09:12, in /srv).\n");
    // Without a holder the log is all there is.
    world.facts.listeners.pop_back();
    CHECK(world.said() == "[port-in-use] api can not listen on port 3101: it was in use.\n");
}

TEST_CASE("log knowledge of a service that is well is only told when it lasts", "[unit][doctor]") {
    World world;
    world.say("api", "Error: listen EADDRINUSE: address already in use :::3101");
    CHECK(world.said().empty());
    world.say("web", "Error: ENOSPC: System limit for number of file watchers reached, watch 'x'");
    CHECK(world.said() ==
          "[inotify-watches] The limit of inotify watches is used up: web can not "
          "watch its files (no lack of disk space), so that it does not notice "
          "changes.\n");
}

TEST_CASE("tables of other databases are missed in the same words", "[unit][doctor]") {
    for (const char* line : {"ER_NO_SUCH_TABLE: Table 'orders' doesn't exist",
                             "sqlite3.OperationalError: no such table: orders",
                             "error: relation \"orders\" does not exist"}) {
        World world;
        world.say("api", line);
        INFO(line);
        CHECK(world.said().find("orders that api asks for does not exist") != std::string::npos);
    }
}

TEST_CASE("a shared library that is missing is named", "[unit][doctor]") {
    World world;
    world.end("api", 127);
    world.say("api",
              "bin/api: error while loading shared libraries: libtally.so.1: cannot open "
              "shared object file: No such file or directory");
    CHECK(world.said() ==
          "[shared-library-missing] api needs the shared library libtally.so.1, "
          "which can not be loaded: cannot open shared object file: No such file or "
          "directory.\n");
}

TEST_CASE("a redirect of the probe is told with where it leads", "[unit][doctor]") {
    World world;
    world.break_probe("api", 302);
    world.probe("api").headers = {{"location", "/login"}};
    DialFact next = world.probe("api");
    next.id = "redirect 1 of probe of api";
    next.purpose = "redirect";
    next.path = "/login";
    next.status = 200;
    next.is_unexpected = false;
    next.body = "";
    world.facts.dials.push_back(next);
    CHECK(world.said() ==
          "[health-redirects] The health URL of api is answered by a redirect (302) "
          "to /login, which is not followed.\n");
}

TEST_CASE("a question about one service leaves out what has nothing to do with it",
          "[unit][doctor]") {
    World world;
    world.end("web", 1);
    world.say("web", "Error: no config");
    world.facts.subject = {"service", "api", 0};
    CHECK(world.said().empty());
    world.facts.subject = {"service", "web", 0};
    CHECK(world.findings().size() == 1);
}

TEST_CASE("trouble that no rule explains is told as it is", "[unit][doctor]") {
    World world;
    world.service("api").phase = "unhealthy";
    world.service("api").why = "its probe has failed 3 times";
    const Diagnosis diagnosis = diagnose(world.facts);
    REQUIRE(diagnosis.findings.size() == 1);
    CHECK(diagnosis.findings[0].what == "api is unhealthy: its probe has failed 3 times.");
    CHECK(diagnosis.ruled_out == std::vector<std::string>{"web runs and answers its probe"});
}

TEST_CASE("a daemon that does not come up again is told, and the project does not count as down",
          "[unit][doctor]") {
    World world;
    world.facts.daemon = "dead";
    world.facts.daemon_problem =
        "the daemon ended (signal 6); the services run on, and it is started again in 5000 ms";
    world.facts.project = "shop";
    world.facts.services[0].phase.clear();
    const Diagnosis diagnosis = diagnose(world.facts);
    REQUIRE(diagnosis.findings.size() == 1);
    const Finding& finding = diagnosis.findings[0];
    CHECK(finding.id == "daemon-dead");
    CHECK(finding.what ==
          "The daemon of shop has died and none comes up again: the services run on, but nobody "
          "watches them or takes their output.");
    CHECK(finding.evidence ==
          std::vector<std::string>{"the keeper says: the daemon ended (signal 6); the services "
                                   "run on, and it is started again in 5000 ms"});
    CHECK(finding.fix ==
          "see daemon.log and daemon.stderr in the state directory (.devstack/state) for what it "
          "dies of; the keeper goes on trying, and devstack down ends everything");
}

TEST_CASE("that nobody listens follows from the project not running", "[unit][doctor]") {
    World world;
    world.facts.daemon = "none";
    world.facts.project = "shop";
    for (const char* name : {"api", "web"}) {
        world.service(name).phase.clear();
        world.service(name).pid = 0;
        world.probe(name) = World::refused(world.probe(name));
    }
    world.facts.listeners.clear();
    DialFact& dial = world.refer("web", "API_URL", "postgresql", 3101);
    dial = World::refused(dial);
    world.say("web", "connect ECONNREFUSED 127.0.0.1:3101");
    CHECK(world.said() ==
          "[project-not-running] shop is not running: there is no devstack daemon, and none of its "
          "services answers.\n"
          "  why PostgreSQL is not running: nothing listens on localhost:3101, where API_URL "
          "(web/.env:3) sends web.\n");
    // Of what is no part of it that can not be said.
    world.facts.services[0].ports.clear();
    CHECK(world.findings()[0].id == "server-not-running");
}

TEST_CASE("a service that may end and that nobody asks is no trouble when it has",
          "[unit][doctor]") {
    World world;
    ServiceFact job;
    job.name = "job";
    job.kind = "service";
    job.phase = "completed";
    job.has_exited = true;
    job.command = "./nightly.sh";
    job.may_end = true;
    world.facts.services.push_back(job);
    CHECK(world.said().empty());
    SECTION("but if the profile does not foresee it") {
        world.service("job").may_end = false;
        CHECK(world.said() ==
              "[exits-at-once] ./nightly.sh of job does its work and ends with status 0: it is no "
              "server.\n");
        SECTION("unless a request is asked about that has nothing to do with it") {
            DialFact asked = world.probe("api");
            asked.id = "asked";
            asked.purpose = "asked";
            world.facts.dials.push_back(asked);
            CHECK(world.said().empty());
            world.service("api").needs = {{"job", "started"}};
            CHECK(world.findings().size() == 1);
        }
    }
    SECTION("but if it has a port") {
        world.service("job").ports = {"4000"};
        CHECK(world.findings().size() == 1);
    }
    SECTION("but if another one waits for it") {
        world.service("web").needs.push_back({"job", "ready"});
        CHECK(world.findings().size() == 1);
    }
}
