// Who is suspected although he is well, and who is not although something looks bad.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

constexpr const char* pool_line =
    "Error: QueuePool limit of size 5 overflow 10 reached, connection timed out";

World timed_world() {
    World world;
    world.facts.time = "2026-11-20T18:37:10.000Z";
    return world;
}

/// Somebody asks about a request to web.
void ask(World& world, int status) {
    DialFact asked = world.probe("web");
    asked.id = "asked";
    asked.purpose = "asked";
    asked.path = "/orders";
    asked.status = status;
    asked.is_unexpected = status >= 400;
    world.facts.dials.push_back(asked);
}

/// Five seconds ago.
void fail(World& world, int restarts) {
    ServiceFact& api = world.service("api");
    api.restarts = restarts;
    api.has_exited = true;
    api.exit_code = 1;
    api.phase_seconds = 2;
    CrashFact crash;
    crash.service = "api";
    crash.time = "2026-11-20T18:37:05.000Z";
    crash.ended = "exited with code 1";
    crash.code = 1;
    world.facts.crashes = {crash};
}

void leave_request(World& world, int count) {
    ConnectionFact connection;
    connection.port = 3101;
    connection.pid = 10;
    connection.service = "api";
    connection.state = "abandoned";
    connection.count = count;
    world.facts.connections = {connection};
}

ThreadFact& add_thread(World& world, const std::string& call) {
    ThreadFact thread;
    thread.pid = 10;
    thread.thread = 10;
    thread.state = "S";
    thread.system_call = call;
    thread.frames = {"quote (shop.py:15)"};
    thread.language = "python";
    world.facts.threads.push_back(thread);
    world.facts.processes[0].runtime = "python";
    return world.facts.threads.back();
}

void lose_worker(World& world) {
    ProcessFact worker = world.facts.processes[0];
    worker.pid = 11;
    worker.parent = 10;
    worker.state = "Z";
    worker.name = "python3";
    world.facts.processes.push_back(worker);
    world.facts.processes[0].parent = 1;
}

LogFact traceback_of(const std::string& error) {
    LogFact log{"api", "api.log", {}};
    for (const std::string& line : {std::string{"Traceback (most recent call last):"},
                                    std::string{"  File \"main.py\", line 7"},
                                    std::string{"    def x(:"},
                                    error}) {
        log.lines.push_back({"2026-11-20T18:37:03.000Z", line});
    }
    return log;
}

}  // namespace

TEST_CASE("what stands behind a request that fails is suspected", "[unit][doctor]") {
    World world = timed_world();
    world.say("api", pool_line);
    ask(world, 500);
    CHECK(world.findings()[0].id == "pool-exhausted");
    // Asked for what is not there, nobody is at fault.
    World missing = timed_world();
    missing.say("api", "error: relation of no concern");
    ask(missing, 404);
    CHECK(missing.findings()[0].id == "request-answered-badly");
}

TEST_CASE("long ago is not why a request fails now", "[unit][doctor]") {
    World world = timed_world();
    world.say("api", "Cannot find module 'left-pad'");
    ask(world, 500);
    CHECK(world.findings()[0].id == "node-module-missing");
    world.facts.time = "2026-11-20T18:40:10.000Z";
    CHECK(world.findings()[0].id == "request-answered-badly");
}

TEST_CASE("a service that has just failed is not well while it is up again", "[unit][doctor]") {
    World world = timed_world();
    world.say("api", "Cannot find module 'left-pad'");
    fail(world, 1);
    CHECK(world.findings()[0].what == "api requires the module left-pad, which is not installed.");
    // Whoever asks for a start begins anew.
    fail(world, 0);
    CHECK(world.said().empty());
    fail(world, 1);
    world.facts.time = "2026-11-20T18:38:10.000Z";
    CHECK(world.said().empty());
}

TEST_CASE("a service that has just crashed is told although it is ready again", "[unit][doctor]") {
    World world = timed_world();
    fail(world, 1);
    world.service("api").why = "status 200";
    world.facts.crashes[0].lived_seconds = 10800;
    CHECK(world.said() ==
          "[ends-with-error] api ended with status 1 after 10800 s, 5.0 s ago, and has been "
          "started again.\n");
    world.service("api").exit_code = 0;
    world.service("api").exit_signal = 11;
    CHECK(world.findings()[0].what ==
          "api (node api.js) was ended by SIGSEGV after 10800 s, 5.0 s ago, and has been "
          "started again: it has crashed.");
    CHECK(world.findings()[0].evidence ==
          std::vector<std::string>{"devstack says: api is ready: status 200"});
}

TEST_CASE("a service that was restarted for a hang is told with what it hung on",
          "[unit][doctor]") {
    World world = timed_world();
    fail(world, 1);
    world.service("api").exit_code = 0;
    world.service("api").exit_signal = 15;
    CrashFact& crash = world.facts.crashes[0];
    crash.lived_seconds = 100;
    crash.why = "was unhealthy: no answer within 900ms";
    CHECK(world.said() ==
          "[restarted-for-hang] api was restarted 5.0 s ago because it was unhealthy: no answer "
          "within 900ms.\n");
    crash.finding = "deadlock";
    crash.cause = "api is in a deadlock.";
    CHECK(
        world.said() ==
        "[restarted-for-hang] api was restarted 5.0 s ago because it hung. It was found then: api "
        "is in a deadlock.\n");
}

TEST_CASE("a long request that a client has left is no hang", "[unit][doctor]") {
    World world = timed_world();
    leave_request(world, 1);
    add_thread(world, "nanosleep");
    CHECK(world.said().empty());
    leave_request(world, 3);
    CHECK(world.findings()[0].id == "requests-stuck");
    leave_request(world, 1);
    world.facts.listeners[0].accept_queue = 1;
    CHECK(world.findings()[0].id == "requests-stuck");
    world.facts.listeners[0].accept_queue = 0;
    world.facts.threads[0].system_call = "futex";
    CHECK(world.findings()[0].id == "requests-stuck");
}

TEST_CASE("a server that asks itself is told", "[unit][doctor]") {
    World world = timed_world();
    leave_request(world, 1);
    add_thread(world, "poll").peer = "127.0.0.1:3101";
    CHECK(world.findings()[0].what ==
          "1 request to api on port 3101 hangs: the clients have gone, and the service still holds "
          "the connections; it waits for an answer of itself (127.0.0.1:3101) in quote "
          "(shop.py:15), and none of its workers is free to give it.");
    CHECK(world.findings()[0].fix ==
          "do not ask its own port in quote (shop.py:15), or run more workers or threads");
}

TEST_CASE("what blocks an event loop is told without a probe", "[unit][doctor]") {
    World world = timed_world();
    leave_request(world, 1);
    add_thread(world, "recvfrom").peer = "127.0.0.1:9000";
    world.facts.processes[0].has_event_loop = true;
    ListenerFact silent = world.facts.listeners[0];
    silent.port = 9000;
    silent.service.clear();
    world.facts.listeners.push_back(silent);
    CHECK(world.findings()[0].what ==
          "The event loop of api (node api.js, pid 10) is blocked by a synchronous call: its main "
          "thread waits for 127.0.0.1:9000 (recvfrom) in quote (shop.py:15) rather than wait for "
          "events, so that nothing on port 3101 is answered meanwhile.");
}

TEST_CASE("a reloader that waits for an error to be mended is no hang", "[unit][doctor]") {
    World world = timed_world();
    lose_worker(world);
    world.facts.logs = {traceback_of("SyntaxError: invalid syntax")};
    DialFact& probe = world.probe("api");
    probe.stage = "first byte";
    probe.status = 0;
    probe.error = "no answer";
    world.service("api").phase = "unhealthy";
    CHECK(world.said() ==
          "[syntax-error] main.py line 7 of api has a syntax error: SyntaxError: invalid "
          "syntax.\n");
    // Without a probe it still is the last thing that it said.
    World unasked = timed_world();
    unasked.facts.logs = {traceback_of("SyntaxError: invalid syntax")};
    CHECK(unasked.findings()[0].id == "syntax-error");
    unasked.facts.logs[0].lines.push_back({"2026-11-20T18:37:04.000Z", "Reloading … ok"});
    CHECK(unasked.said().empty());
}

TEST_CASE("who holds a port that a log names is told", "[unit][doctor]") {
    World world = timed_world();
    world.say("api", "Error: listen EADDRINUSE: address already in use 127.0.0.1:8000");
    CHECK(world.said().empty());  // It was; now nobody does, and api is well.
    ListenerFact stranger;
    stranger.port = 8000;
    stranger.pid = 77;
    stranger.command = "python3 -m http.server 8000";
    world.facts.listeners.push_back(stranger);
    CHECK(world.said().empty());  // It answers its probe without.
    std::erase_if(world.facts.dials, [](const DialFact& it) { return it.id == "probe of api"; });
    CHECK(world.said() ==
          "[port-in-use] api can not listen on port 8000: python3 -m http.server 8000 (pid 77) "
          "holds it.\n");
    CHECK(world.findings()[0].fix == "kill 77, or give api another port");
}

TEST_CASE("a memory limit of devstack's own cgroup is why a service was killed", "[unit][doctor]") {
    World world = timed_world();
    world.end("api", 0);
    world.service("api").exit_signal = 9;
    CrashFact crash;
    crash.service = "api";
    crash.pid = 10;
    crash.time = "2026-11-20T18:37:05.000Z";
    crash.ended = "was killed by SIGKILL";
    crash.why = "was killed by SIGKILL (killed by the kernel's OOM killer: memory limit 32 MiB)";
    crash.signal = 9;
    crash.peak_memory_bytes = 32ULL << 20U;
    crash.oom_kills = 1;
    world.facts.crashes = {crash};
    CHECK(world.findings()[0].what ==
          "api was killed (SIGKILL), most probably by the kernel's OOM killer: out of memory, at "
          "32 MiB.");
}

TEST_CASE("a link into a Python that is gone is told", "[unit][doctor]") {
    World world = timed_world();
    world.end("api", 127);
    ProgramFact program;
    program.service = "api";
    program.word = "venv/bin/python";
    program.path = "api/venv/bin/python";
    program.problem = "dangling link";
    program.interpreter = "/usr/bin/python3.9";
    world.facts.programs = {program};
    CHECK(world.findings()[0].what ==
          "venv/bin/python of api is a link to /usr/bin/python3.9, which does not exist: the "
          "virtual environment venv was made with a Python that is gone.");
    world.facts.programs[0].word = "bin/tool";
    CHECK(world.findings()[0].what ==
          "bin/tool of api is a link to /usr/bin/python3.9, which does not exist.");
}

TEST_CASE("a request without an answer is told with what its server does", "[unit][doctor]") {
    World world = timed_world();
    ask(world, 0);
    DialFact& asked = world.facts.dials.back();
    asked.port = 3101;
    asked.stage = "first byte";
    asked.error = "no answer";
    asked.timeout = asked.seconds = 0.9;
    add_thread(world, "epoll_wait").frames.clear();
    world.facts.processes[0].has_event_loop = true;
    CHECK(world.said() ==
          "[accepts-and-never-answers] api accepts connections on 127.0.0.1:3101, and has not "
          "answered /orders within 0.9 s, although its event loop is idle: the handler waits for "
          "something that has not come (a promise, a callback, a connection of a pool); whether it "
          "hangs or only takes longer, devstack doctor --wait tells.\n");
    world.facts.processes[0].talks_to_nobody = true;
    CHECK(world.said() ==
          "[accepts-and-never-answers] api accepts connections on 127.0.0.1:3101, and has not "
          "answered /orders within 0.9 s, although its event loop is idle and it is connected to "
          "no other server: the handler waits for a timer, or for something that never comes (a "
          "middleware that neither answers nor calls next(), a promise or message that nobody "
          "settles); whether it hangs or only takes longer, devstack doctor --wait tells.\n");
    world.facts.threads[0].frames = {"quote (shop.py:15)"};
    world.facts.threads[0].system_call = "futex";
    CHECK(world.said() ==
          "[accepts-and-never-answers] api accepts connections on 127.0.0.1:3101, and has not "
          "answered /orders within 0.9 s, while it waits in quote (shop.py:15); whether it hangs "
          "or only takes longer, devstack doctor --wait tells.\n");
    // It may be well, and slow.
    CHECK(world.findings()[0].is_open);
    world.facts.processes[0].has_event_loop = false;
    world.facts.threads.clear();
    CHECK(world.findings()[0].is_open);
    world.facts.dials.back().seconds = world.facts.dials.back().timeout = 15;
    CHECK(world.said() ==
          "[accepts-and-never-answers] api accepts connections on 127.0.0.1:3101, and gives no "
          "answer to /orders within 15 s: it hangs, or needs longer than that.\n");
    // Of a proxy it is not known who behind it keeps quiet.
    world.service("api").words = {"haproxy", "-f", "haproxy.cfg"};
    CHECK(world.findings()[0].id == "request-fails");
}

TEST_CASE("a bad answer is told with what the server has said meanwhile", "[unit][doctor]") {
    World world = timed_world();
    LogFact log{"web", "web.log", {}};
    log.lines = {{"2026-11-20T18:37:09.000Z", "error: earlier, of something else"},
                 {"2026-11-20T18:37:10.100Z", "WRONGTYPE error of a key"},
                 {"2026-11-20T18:37:10.100Z", "    at error (lib.js:1)"},
                 {"2026-11-20T18:37:10.200Z", "GET /orders 500"}};
    world.facts.logs = {log};
    ask(world, 500);
    CHECK(world.findings()[0].evidence ==
          std::vector<std::string>{"web log 18:37:10: WRONGTYPE error of a key"});
    CHECK(world.findings()[0].fix == "see the log of web");
    world.facts.dials.back().status = 401;
    CHECK(world.findings()[0].fix ==
          "it wants a log-in: ask with -H \"Authorization: …\" or -H \"Cookie: …\"");
}

TEST_CASE("who locks a database of SQLite is told", "[unit][doctor]") {
    World world = timed_world();
    world.say("api", "sqlite3.OperationalError: database is locked");
    CHECK(world.findings()[0].what ==
          "The SQLite database of api is locked by another process or transaction.");
    ClaimFact claim;
    claim.kind = "database lock";
    claim.path = "data/app.db";
    claim.pid = 20;
    claim.is_alive = true;
    claim.command = "node web.js";
    claim.service = "web";
    world.facts.claims = {claim};
    CHECK(world.findings()[0].what ==
          "The SQLite database data/app.db of api is locked: web, node web.js (pid 20) is in a "
          "transaction that writes.");
}

TEST_CASE("a broker that a log misses is told if nobody listens there", "[unit][doctor]") {
    const std::string line =
        "consumer: Cannot connect to amqp://guest:**@127.0.0.1:5672//: [Errno 111] Connection "
        "refused.";
    World world = timed_world();
    world.facts.logs = {{"api", "api.log", {{"2026-11-20T18:37:05.000Z", line}}}};
    CHECK(world.said().empty());  // Once may be over.
    world.facts.logs[0].lines.push_back({"2026-11-20T18:37:07.000Z", line});
    CHECK(world.said() ==
          "[server-not-running] RabbitMQ is not running: nothing listens on localhost:5672, which "
          "api connects to again and again.\n");
    ListenerFact broker;
    broker.port = 5672;
    world.facts.listeners.push_back(broker);
    CHECK(world.said().empty());
    world.facts.listeners.pop_back();
    world.facts.time = "2026-11-20T18:38:07.000Z";
    CHECK(world.said().empty());
}

TEST_CASE("a peer of no product is told when a request fails for it", "[unit][doctor]") {
    World world = timed_world();
    world.facts.logs = {
        {"web",
         "web.log",
         {{"2026-11-20T18:37:05.000Z", "proxy error: connect ECONNREFUSED 127.0.0.1:4000"},
          {"2026-11-20T18:37:07.000Z", "proxy error: connect ECONNREFUSED 127.0.0.1:4000"}}}};
    CHECK(world.said().empty());
    ask(world, 502);
    CHECK(world.findings()[0].what ==
          "Nothing listens on localhost:4000, which web connects to again and again.");
    CHECK(world.findings()[0].fix ==
          "start what should listen on port 4000, or tell web where it is: no variable that is "
          "known here does");
}

TEST_CASE("a client of PostgreSQL that is refused is told where its server listens",
          "[unit][doctor]") {
    World world = timed_world();
    world.facts.logs = {
        {"api",
         "api.log",
         {{"2026-11-20T18:37:05.000Z",
           "PG::ConnectionBad - connection to server at \"127.0.0.1\", port 5433 failed: "
           "Connection refused"}}}};
    CHECK(world.said().empty());  // Once, and nobody knows of any PostgreSQL.
    ListenerFact server;
    server.port = 5432;
    server.pid = 77;
    server.command = "/usr/lib/postgresql/15/bin/postgres";
    world.facts.listeners.push_back(server);
    CHECK(world.said() ==
          "[nothing-listens] Nothing listens on localhost:5433, which api connects to; PostgreSQL "
          "listens on port 5432.\n");
    CHECK(world.findings()[0].fix ==
          "start PostgreSQL, or tell api where it is: no variable that is known here does");
    world.facts.mentions = {{"api", 5433, "config/database.yml:4"}};
    CHECK(world.findings()[0].fix == "change the port to 5432 in config/database.yml:4");
    CHECK(world.findings()[0].evidence ==
          std::vector<std::string>{
              "PostgreSQL is /usr/lib/postgresql/15/bin/postgres (pid 77)",
              "api log 18:37:05: PG::ConnectionBad - connection to server at \"127.0.0.1\", port "
              "5433 failed: Connection refused"});
    world.facts.time = "2026-11-20T18:37:55.000Z";
    CHECK(world.said().empty());
}

TEST_CASE("who speaks another protocol to a port is not told what usually listens there",
          "[unit][doctor]") {
    World world = timed_world();
    world.facts.logs = {
        {"web",
         "web.log",
         {{"2026-11-20T18:37:05.000Z",
           "connect() failed (111: Connection refused) while connecting to upstream, upstream: "
           "\"fastcgi://127.0.0.1:9000\""}}}};
    ask(world, 502);
    CHECK(world.findings()[0].what == "Nothing listens on localhost:9000, which web connects to.");
}

TEST_CASE("what nobody listens to on the asked port follows from what ails its service",
          "[unit][doctor]") {
    World world = timed_world();
    ask(world, 0);
    DialFact& asked = world.facts.dials.back();
    asked.stage = "connect";
    asked.error = "connection refused";
    ServiceFact& web = world.service("web");
    web.phase = "backing-off";
    web.pid = 0;
    web.has_exited = true;
    web.exit_code = 1;
    world.say("web", "Directory web does not exist.");
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].id == "directory-missing");
    CHECK(findings[0].explains ==
          std::vector<std::string>{"Nothing listens on 127.0.0.1:3200: connection refused."});
}

TEST_CASE("a service that is well and has just been refused is told who was meant",
          "[unit][doctor]") {
    World world = timed_world();
    // web listens on 3200, and nobody names that.
    world.facts.logs = {
        {"api",
         "api.log",
         {{"2026-11-20T18:37:05.000Z", "dial tcp 127.0.0.1:3209: connect: connection refused"}}}};
    DialFact& dial = world.refer("api", "WEB_URL", "http", 3209);
    dial = World::refused(dial);
    CHECK(world.findings()[0].id == "variable-names-dead-port");
    world.facts.time = "2026-11-20T18:37:55.000Z";
    CHECK(world.said().empty());
    world.facts.time = "2026-11-20T18:37:10.000Z";
    // A collector of traces that is not there is nobody's trouble.
    world.facts.logs[0].lines[0].text = "dial tcp 127.0.0.1:4318: connect: connection refused";
    CHECK(world.said().empty());
}

TEST_CASE("a service that fails in silence is told what it names in vain", "[unit][doctor]") {
    World world = timed_world();
    DialFact& dial = world.refer("api", "WEB_URL", "http", 3209);
    dial = World::refused(dial);
    DialFact asked = world.probe("api");
    asked.id = "asked";
    asked.purpose = "asked";
    asked.path = "/orders";
    asked.status = 500;
    asked.is_unexpected = true;
    asked.body = "something went wrong";
    world.facts.dials.push_back(asked);
    const Finding finding = world.findings().at(0);
    CHECK(finding.id == "variable-names-dead-port");
    CHECK(finding.confidence == Confidence::probable);
    CHECK(finding.evidence.at(1) ==
          "GET http://127.0.0.1:3101/orders: status 500: something went wrong, of which the log of "
          "api says nothing");
    SECTION("not when it has said why") {
        world.say("api", "TypeError: Cannot read properties of undefined (reading 'map')");
        CHECK(world.findings().at(0).id == "request-answered-badly");
    }
    SECTION("not when it is no error of the server") {
        world.facts.dials.back().status = 404;
        CHECK(world.findings().at(0).id == "request-answered-badly");
    }
    SECTION("not when it names two such endpoints") {
        world.refer("api", "MAIL_URL", "http", 3210) = World::refused(world.facts.dials[2]);
        world.facts.dials.back().id = world.facts.references.back().dial;
        world.facts.dials.back().port = 3210;
        CHECK(world.findings().at(0).id == "request-answered-badly");
    }
}

TEST_CASE("what a service that waits will be refused is told beside what it waits for",
          "[unit][doctor]") {
    World world = timed_world();
    world.end("api", 1);
    ServiceFact& web = world.service("web");
    web.phase = "waiting";
    web.pid = 0;
    DialFact& dial = world.refer("web", "NEXT_PUBLIC_API_URL", "http", 3001);
    dial = World::refused(dial);
    CHECK(world.said() ==
          "[ends-with-error] api ended with status 1.\n"
          "  why web waits for api\n"
          "[variable-names-dead-port] NEXT_PUBLIC_API_URL (web/.env:3) of web points to "
          "localhost:3001, where no service is to listen; api declares port 3101. It will be "
          "refused there once it is started.\n");
    // Another service is to listen there.
    web.ports.push_back("3001");
    CHECK(world.said() == "[ends-with-error] api ended with status 1.\n  why web waits for api\n");
    web.ports.pop_back();
    // Nothing tells which port was meant.
    world.facts.references[0].port = 4777;
    world.facts.dials.back().port = 4777;
    CHECK(world.said() == "[ends-with-error] api ended with status 1.\n  why web waits for api\n");
}

TEST_CASE("a variable that says https to a service of plain http is told", "[unit][doctor]") {
    World world = timed_world();
    world.refer("web", "API_URL", "https", 3101);
    const std::string line = "cause: SSL routines:ssl3_get_record:wrong version number";
    CHECK(world.said().empty());
    world.facts.logs = {{"web", "web.log", {{"2026-11-20T18:37:05.000Z", line}}}};
    CHECK(world.findings()[0].what ==
          "API_URL (web/.env:3) of web says https, and api speaks plain http on port 3101.");
    CHECK(world.findings()[0].fix ==
          "write http:// in API_URL (web/.env:3), then devstack restart web");
    world.facts.references[0].scheme = "http";
    CHECK(world.said().empty());
}

TEST_CASE("a health URL that wants a log-in is told", "[unit][doctor]") {
    World world;
    world.break_probe("api", 401);
    CHECK(world.findings()[0].what ==
          "The health URL of api wants a log-in: GET http://127.0.0.1:3101/health is answered with "
          "status 401.");
    CHECK(
        world.findings()[0].fix ==
        "take a URL that is public for health.url of api (devstack.toml:1), or give the probe what "
        "it needs by health.headers");
}

TEST_CASE("a client that gives up on another service is told with both", "[unit][doctor]") {
    World world = timed_world();
    const std::string line =
        "pricing: Get \"http://localhost:3101/price?sku=a1\": context deadline exceeded";
    world.facts.logs = {{"web", "web.log", {{"2026-11-20T18:37:05.000Z", line}}}};
    CHECK(world.said().empty());  // Nobody suffers from it now.
    ask(world, 502);
    const auto findings = world.findings();
    CHECK(findings[0].what ==
          "web gives up a request to api, http://localhost:3101/price?sku=a1: it waits for a "
          "shorter time than api takes to answer.");
    CHECK(findings[0].fix ==
          "raise the timeout of web's client, or see what takes api so long: devstack doctor "
          "http://localhost:3101/price?sku=a1 --wait");
    world.facts.logs[0].lines[0].text =
        "requests.exceptions.ReadTimeout: HTTPConnectionPool(host='localhost', port=3101): Max "
        "retries exceeded with url: /price (Caused by ReadTimeoutError: Read timed out.)";
    CHECK(world.findings()[0].what ==
          "web gives up a request to api, http://localhost:3101/price: it waits for a shorter time "
          "than api takes to answer.");
    // A server of nobody here.
    world.facts.logs[0].lines[0].text = "Get \"http://localhost:4999/\": i/o timeout";
    CHECK(world.findings()[0].id == "request-answered-badly");
    world.facts.logs[0].lines[0].text = "GET http://localhost:3101/price 200, timeout is 500 ms";
    world.facts.time = "2026-11-20T18:38:10.000Z";
    CHECK(world.findings()[0].id == "request-answered-badly");
}

TEST_CASE("an error that names no peer is that of the only one that is dead", "[unit][doctor]") {
    World world = timed_world();
    world.facts.logs = {
        {"web", "web.log", {{"2026-11-20T18:37:05.000Z", "java.net.ConnectException"}}}};
    DialFact& dial = world.refer("web", "PRICING_URL", "http", 4777);
    dial = World::refused(dial);
    CHECK(world.said().empty());
    ask(world, 500);
    CHECK(world.findings()[0].what ==
          "PRICING_URL (web/.env:3) of web points to localhost:4777, where nothing listens; api "
          "listens on port 3101.");
    // Of two nobody knows which it was.
    DialFact& other = world.refer("web", "STOCK_URL", "http", 4778);
    other = World::refused(other);
    CHECK(world.findings()[0].id == "request-answered-badly");
}

TEST_CASE("a program that waits for a debugger is told", "[unit][doctor]") {
    World world;
    ServiceFact& api = world.service("api");
    api.phase = "starting";
    api.phase_seconds = 9;
    ListenerFact& listener = world.facts.listeners[0];
    listener.port = 5005;
    listener.command = "java -agentlib:jdwp=transport=dt_socket,server=y,suspend=y,address=5005 A";
    CHECK(world.findings()[0].what ==
          "api waits for a debugger on port 5005 before it does anything "
          "(-agentlib:jdwp=transport=dt_socket,server=y,suspend=y,address=5005).");
    listener.command = "node --inspect-brk=5005 server.js";
    CHECK(world.findings()[0].what ==
          "api waits for a debugger on port 5005 before it does anything (--inspect-brk=5005).");
    // Without waiting it is an address like any other.
    listener.command = "node --inspect=5005 server.js";
    CHECK(world.findings()[0].id == "listens-on-other-port");
}

TEST_CASE("a panic is what has ended a program that aborts", "[unit][doctor]") {
    World world = timed_world();
    const std::vector<std::string> lines{"thread 'main' (141) panicked at src/stock.rs:15:35:",
                                         "no such article"};
    LogFact log{"api", "api.log", {}};
    for (const std::string& line : lines)
        log.lines.push_back({"2026-11-20T18:37:04.000Z", line});
    world.facts.logs = {log};
    fail(world, 1);
    world.service("api").exit_code = 0;
    world.service("api").exit_signal = 6;
    CHECK(world.said() ==
          "[ended-by-exception] api is ended by an error that nobody handles in src/stock.rs line "
          "15: no such article.\n");
}

TEST_CASE("a stream that breaks off is told with whom it comes from", "[unit][doctor]") {
    World world = timed_world();
    ask(world, 200);
    DialFact& asked = world.facts.dials.back();
    asked.headers = {{"content-type", "text/event-stream; charset=utf-8"}};
    asked.body = "id: 1\ndata: a\n\nid: 2\ndata: b\n\n";
    CHECK(world.said().empty());
    asked.is_cut_off = true;
    CHECK(world.said() ==
          "[stream-cut] The event stream (SSE) /orders of web breaks off after 2 events: the "
          "connection ends in the middle, without the end of the answer.\n");
}

TEST_CASE("two values of one CORS header are told", "[unit][doctor]") {
    World world = timed_world();
    ask(world, 200);
    DialFact& asked = world.facts.dials.back();
    asked.sent = {{"Origin", "http://localhost:5173"}};
    asked.headers = {{"access-control-allow-origin", "*"}};
    CHECK(world.said().empty());
    asked.headers.push_back({"access-control-allow-origin", "http://localhost:5173"});
    CHECK(world.findings()[0].id == "cors-sent-twice");
    CHECK(world.findings()[0].what ==
          "The answer to GET http://127.0.0.1:3200/orders has several values of "
          "Access-Control-Allow-Origin (CORS): * and http://localhost:5173; browsers take one "
          "only, and refuse it to pages. A proxy adds the header to that of the service behind "
          "it.");
}

TEST_CASE("a stopped server that is no service is told to who waits for it", "[unit][doctor]") {
    World world = timed_world();
    DialFact& dial = world.refer("api", "REDIS_URL", "redis", 6379);
    dial.error = "no answer";
    ProcessFact process;
    process.pid = 77;
    process.command = "redis-server 127.0.0.1:6379";
    process.state = "S";
    world.facts.processes.push_back(process);
    ListenerFact listener;
    listener.port = 6379;
    listener.pid = 77;
    world.facts.listeners.push_back(listener);
    CHECK(world.said().empty());
    world.facts.processes.back().state = "T";
    CHECK(world.said() ==
          "[process-stopped] redis-server 127.0.0.1:6379 (pid 77), which REDIS_URL (api/.env:3) "
          "names, is stopped (state T, by SIGSTOP or Ctrl-Z): the kernel still accepts connections "
          "on port 6379, but nothing answers.\n");
    CHECK(world.findings()[0].fix == "kill -CONT 77");
}

TEST_CASE("a certificate that the probe accepts is no trouble of a URL", "[unit][doctor]") {
    World world = timed_world();
    ask(world, 200);
    DialFact& asked = world.facts.dials.back();
    asked.protocol = "https";
    asked.tls_problem = "self-signed certificate";
    CHECK(world.findings()[0].id == "certificate-self-signed");
    world.probe("web").protocol = "https";
    CHECK(world.said().empty());
}

TEST_CASE("what a service may not do while it serves is told although it is well",
          "[unit][doctor]") {
    World world = timed_world();
    world.service("api").phase_seconds = 60;
    world.say("api", "upload: EACCES: permission denied, open 'uploads/last.bin'");
    CHECK(world.findings()[0].what == "api may not open uploads/last.bin: permission denied.");
    world.service("api").phase_seconds = 3;  // It has said so while it started.
    CHECK(world.said().empty());
}

TEST_CASE("a server that refuses the host of its probe is told with its list", "[unit][doctor]") {
    World world = timed_world();
    world.break_probe("api", 400, "Invalid host header");
    CHECK(world.findings()[0].what ==
          "api refuses requests for the host 127.0.0.1 (status 400): it is not among its allowed "
          "hosts.");
    world.service("api").variables = {
        {"ALLOWED_HOSTS", "shop.example", false, false, "api/.env:1", "", ""}};
    CHECK(world.findings()[0].what ==
          "api refuses requests for the host 127.0.0.1 (status 400): it is not among its allowed "
          "hosts, which ALLOWED_HOSTS (api/.env:1) names.");
}

TEST_CASE("a client that gives up on somebody is told with the variable that says when",
          "[unit][doctor]") {
    World world = timed_world();
    const std::string line = "Proxy error: TimeoutError: The operation was aborted due to timeout";
    world.facts.logs = {{"web", "web.log", {{"2026-11-20T18:37:11.000Z", line}}}};
    VariableFact limit;
    limit.name = "PROXY_TIMEOUT_MS";
    limit.value = "500";
    limit.where = "web/.env:2";
    world.service("web").variables = {limit};
    world.refer("web", "API_URL", "http", 3101);
    ask(world, 500);
    world.facts.dials.back().seconds = 0.52;
    Finding finding = world.findings()[0];
    CHECK(finding.id == "client-gives-up");
    CHECK(finding.what ==
          "web gives up a request of its own after 0.5 s, as PROXY_TIMEOUT_MS=500 (web/.env:2) "
          "tells it: what it asks takes longer (api, by API_URL (web/.env:3)).");
    CHECK(finding.fix ==
          "raise PROXY_TIMEOUT_MS in web/.env:2, or see what takes the other one so long");
    world.service("web").variables[0].value = "30000";
    finding = world.findings()[0];
    CHECK(finding.what ==
          "web gives up a request of its own after 0.5 s: what it asks takes longer (api, by "
          "API_URL (web/.env:3)).");
    world.facts.logs[0].lines[0].time = "2026-11-20T18:37:09.000Z";  // Of another request.
    CHECK(world.findings()[0].id == "request-answered-badly");
}
