// Services that are alive and do not answer.

#include "devstack/core/doctor/describe_threads.hpp"

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

#include <sstream>

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

void hang(World& world) {
    DialFact& probe = world.probe("api");
    probe.stage = "first byte";
    probe.status = 0;
    probe.error = "no answer";
    probe.timeout = probe.seconds = 2;
    world.service("api").phase = "unhealthy";
}

ThreadFact& add_thread(World& world, int number, const std::string& name) {
    ThreadFact thread;
    thread.pid = 10;
    thread.thread = number;
    thread.name = name;
    thread.state = "S";
    thread.system_call = "futex";
    world.facts.threads.push_back(thread);
    return world.facts.threads.back();
}

void wait_for(ThreadFact& thread, const std::string& lock, int owner, const std::string& place) {
    thread.lock = lock;
    thread.lock_owner = owner;
    thread.frames = {"__lll_lock_wait", "pthread_mutex_lock", place, "start_thread"};
}

void write_log(World& world, const std::string& text) {
    LogFact log;
    log.service = "api";
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);)
        log.lines.push_back({"2026-11-27T12:00:00.000Z", line});
    world.facts.logs.push_back(log);
}

constexpr const char* go_dump = R"(SIGQUIT: quit
PC=0x46e1a1 m=0 sigcode=0

goroutine 34 gp=0xc000102a80 m=nil [sync.Mutex.Lock, 2 minutes]:
runtime.gopark(0xc000124008?, 0x0?, 0x0?, 0x0?, 0x0?)
	/usr/lib/go/src/runtime/proc.go:402 +0xce
sync.runtime_SemacquireMutex(0x0?, 0x0?, 0x0?)
	/usr/lib/go/src/runtime/sema.go:77 +0x25
sync.(*Mutex).Lock(...)
	/usr/lib/go/src/sync/mutex.go:90
main.cleanupExpiredTempKeys()
	/src/admin.go:240 +0x59
main.storeTempAPIKey({0x6c2f1e, 0x5})
	/src/admin.go:215 +0x9c
main.handleStore({0x7f, 0xc0}, 0xc000)
	/src/admin.go:98 +0x45
net/http.HandlerFunc.ServeHTTP(0x0, {0x0, 0x0}, 0x0)
	/usr/lib/go/src/net/http/server.go:2136 +0x29
created by net/http.(*Server).Serve in goroutine 1
	/usr/lib/go/src/net/http/server.go:3086 +0x5cb

goroutine 35 gp=0xc000102c40 m=nil [sync.Mutex.Lock, 2 minutes]:
sync.(*Mutex).Lock(...)
	/usr/lib/go/src/sync/mutex.go:90
main.storeTempAPIKey({0x6c2f1e, 0x5})
	/src/admin.go:212 +0x30
main.handleStore({0x7f, 0xc0}, 0xc000)
	/src/admin.go:98 +0x45
)";

}  // namespace

TEST_CASE("a circle of threads and locks is a deadlock, told with both ends", "[unit][doctor]") {
    World world;
    hang(world);
    wait_for(add_thread(world, 11, "teller-1"), "0xa0", 12, "transfer (bank.cpp:41)");
    wait_for(add_thread(world, 12, "teller-2"), "0xb0", 11, "refund (bank.cpp:57)");
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].id == "deadlock");
    CHECK(findings[0].confidence == Confidence::sure);
    CHECK(
        findings[0].what ==
        "api is in a deadlock: thread teller-1 (11) waits in transfer (bank.cpp:41) for a lock "
        "that thread teller-2 (12) holds, which waits in refund (bank.cpp:57) for one that thread "
        "teller-1 (11) holds.");
    CHECK(
        findings[0].evidence[0] ==
        "thread teller-1 (11) waits for the lock 0xa0, which thread teller-2 (12) holds: transfer "
        "(bank.cpp:41)");
    CHECK(findings[0].fix ==
          "take these locks in the same order everywhere (std::scoped_lock takes several at once); "
          "devstack restart api for now");
}

TEST_CASE("who waits outside the circle is no part of it", "[unit][doctor]") {
    World world;
    hang(world);
    wait_for(add_thread(world, 10, "main"), "0xa0", 11, "answer (bank.cpp:7)");
    wait_for(add_thread(world, 11, "worker"), "0xb0", 11, "log (bank.cpp:57)");
    CHECK(
        world.said() ==
        "[deadlock] api is in a deadlock: thread worker (11) waits in log (bank.cpp:57) for a lock "
        "that it holds itself.\n");
}

TEST_CASE("who holds a lock and waits for something else is told when somebody suffers",
          "[unit][doctor]") {
    World world;
    wait_for(add_thread(world, 10, "main"), "0xa0", 11, "answer (bank.cpp:7)");
    ThreadFact& owner = add_thread(world, 11, "auditor");
    owner.system_call = "read";
    owner.frames = {"__libc_read", "audit (bank.cpp:30)"};
    CHECK(world.findings().empty());
    hang(world);
    CHECK(world.said() ==
          "[lock-held] api hangs at a lock: 1 thread waits in answer (bank.cpp:7) for one that "
          "thread auditor (11) holds, which waits in read in audit (bank.cpp:30).\n");
}

TEST_CASE("threads are described, equal ones once", "[unit][doctor]") {
    World world;
    wait_for(add_thread(world, 10, "main"), "0xa0", 11, "answer (bank.cpp:7)");
    add_thread(world, 11, "worker").system_call = "epoll_wait";
    add_thread(world, 12, "worker").system_call = "epoll_wait";
    ThreadFact& busy = add_thread(world, 13, "");
    busy.state = "R";
    busy.frames = {"count (bank.cpp:9)", "start_thread"};
    add_thread(world, 14, "disk").state = "D";
    CHECK(describe_threads(world.facts, "api") ==
          std::vector<std::string>{
              "thread main (10): waits for the lock 0xa0, which thread worker (11) holds: answer "
              "(bank.cpp:7)",
              "thread worker (11) and 1 other: waits in epoll_wait",
              "thread (13): runs: count (bank.cpp:9)",
              "thread disk (14): waits for the disk or a device in futex"});
    CHECK(describe_threads(world.facts, "web").empty());
}

TEST_CASE("a Go mutex that is taken twice is named, with where it has been held since",
          "[unit][doctor]") {
    World world;
    hang(world);
    write_log(world, go_dump);
    SECTION("by the source") {
        world.facts.sources = {{"admin.go",
                                {{210, "func storeTempAPIKey(key string) {"},
                                 {212, "\ttempKeysMux.Lock()"},
                                 {213, "\tdefer tempKeysMux.Unlock()"},
                                 {215, "\tcleanupExpiredTempKeys()"},
                                 {238, "func cleanupExpiredTempKeys() {"},
                                 {240, "\ttempKeysMux.Lock()"}}}};
        CHECK(
            world.said() ==
            "[deadlock] Requests to api are stuck in a deadlock: goroutine 34 waits for the mutex "
            "tempKeysMux, which it has held since main.storeTempAPIKey (admin.go:212), and takes "
            "it again in main.cleanupExpiredTempKeys (admin.go:240); 2 goroutines wait for it.\n");
    }
    SECTION("given up before the call, it is not held") {
        world.facts.sources = {{"admin.go",
                                {{210, "func storeTempAPIKey(key string) {"},
                                 {212, "\ttempKeysMux.Lock()"},
                                 {214, "\ttempKeysMux.Unlock()"},
                                 {240, "\ttempKeysMux.Lock()"}}}};
        CHECK(world.said().find("which it has held since") == std::string::npos);
    }
    SECTION("without the source, by who else waits") {
        CHECK(world.said() ==
              "[deadlock] Requests to api are stuck in a deadlock: 2 goroutines wait for a mutex "
              "that nobody gives up, in main.cleanupExpiredTempKeys (admin.go:240), called by "
              "main.storeTempAPIKey (admin.go:215), called by main.handleStore (admin.go:98).\n");
    }
    SECTION("nothing of a service that is well") {
        world.service("api").phase = "ready";
        world.probe("api").error.clear();
        world.probe("api").stage = "done";
        world.probe("api").status = 200;
        CHECK(world.findings().empty());
    }
}

TEST_CASE("the deadlock that a JVM finds is told", "[unit][doctor]") {
    World world;
    hang(world);
    write_log(world, R"(Full thread dump OpenJDK 64-Bit Server VM (17.0.8+7 mixed mode):

Found one Java-level deadlock:
=============================
"teller-1":
  waiting to lock monitor 0x00007f2b9c0013e0 (object 0x000000062a3f8d98, a java.lang.Object),
  which is held by "teller-2"

"teller-2":
  waiting to lock monitor 0x00007f2b9c0012d0 (object 0x000000062a3f8d88, a java.lang.Object),
  which is held by "teller-1"

Java stack information for the threads listed above:
===================================================
"teller-1":
	at Bank.transfer(Bank.java:12)
	- waiting to lock <0x000000062a3f8d98> (a java.lang.Object)
	at java.lang.Thread.run(java.base@17/Thread.java:833)
"teller-2":
	at Bank.refund(Bank.java:20)
	- waiting to lock <0x000000062a3f8d88> (a java.lang.Object)

Found 1 deadlock.
)");
    CHECK(world.said() ==
          "[deadlock] api is in a deadlock: thread teller-1 waits in Bank.transfer (Bank.java:12) "
          "for a monitor that teller-2 holds, which waits in Bank.refund (Bank.java:20) for one "
          "that teller-1 holds.\n");
}

TEST_CASE("where Python's threads are is told by its faulthandler", "[unit][doctor]") {
    World world;
    hang(world);
    write_log(world, R"(Thread 0x00007f5f1f7fe6c0 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 324 in wait
  File "/srv/app/sessions.py", line 41 in refresh
  File "/srv/app/main.py", line 9 in handle

Current thread 0x00007f5f24a47740 (most recent call first):
  File "/usr/lib/python3.11/selectors.py", line 415 in select
  File "/srv/app/sessions.py", line 41 in refresh
)");
    CHECK(world.said() ==
          "[hangs-in-code] api hangs: 2 threads are in refresh (/srv/app/sessions.py:41).\n");
}

TEST_CASE("whom a transaction in PostgreSQL holds up is told with who holds it", "[unit][doctor]") {
    World world;
    DialFact& dial = world.refer("api", "DATABASE_URL", "postgresql", 5432);
    dial.lock_waits = {{301,
                        "api",
                        35,
                        "UPDATE orders SET paid = true",
                        300,
                        "migrate",
                        "idle in transaction",
                        40,
                        "ALTER TABLE orders ADD paid boolean"}};
    // A long query is done one day.
    dial.lock_waits[0].blocker_state = "active";
    CHECK(world.findings().empty());
    dial.lock_waits[0].blocker_state = "idle in transaction";
    CHECK(world.findings().at(0).id == "database-lock-wait");
    hang(world);
    CHECK(world.said() ==
          "[database-lock-wait] Queries of api wait for a lock in PostgreSQL at localhost:5432: "
          "\"UPDATE orders SET paid = true\" has waited for 35 s for migrate (pid 300 of "
          "PostgreSQL), which has been idle in transaction for 40 s.\n");
    CHECK(
        world.findings()[0].fix ==
        "let that transaction end (commit or roll back in the code that began it); for now: SELECT "
        "pg_terminate_backend(300)");
    for (DialFact& it : world.facts.dials) {
        for (LockWaitFact& wait : it.lock_waits)
            wait.query = "SELECT pg_advisory_lock(72707369)";
    }
    CHECK(world.findings()[0].fix ==
          "let that session give its advisory lock back (pg_advisory_unlock, or take it with "
          "pg_advisory_xact_lock), or end; for now: SELECT pg_terminate_backend(300)");
}

TEST_CASE("what the profile knows of a log is told, below what devstack sees", "[unit][doctor]") {
    World world;
    world.facts.knowledge = {{"licence",
                              R"(checkout failed: (\S+))",
                              "{service} gets no licence from {1}.",
                              "its status page",
                              "connect to the VPN",
                              {"api"},
                              false}};
    world.say("api", "ERROR checkout failed: lic01");
    CHECK(world.findings().empty());
    world.break_probe("api", 500);
    const auto findings = world.findings();
    REQUIRE_FALSE(findings.empty());
    CHECK(findings[0].id == "licence");
    CHECK(findings[0].what == "api gets no licence from lic01.");
    CHECK(findings[0].fix == "connect to the VPN");
    REQUIRE(findings[0].evidence.size() > 1);
    CHECK(findings[0].evidence[1] == "look at its status page");
    SECTION("of another service's log it says nothing") {
        world.facts.knowledge[0].services = {"web"};
        CHECK(world.said().find("[licence]") == std::string::npos);
    }
    SECTION("of a well one only if that is wanted") {
        world.facts.logs.clear();
        world.say("web", "ERROR checkout failed: lic01");
        world.facts.knowledge[0].services = {};
        CHECK(world.said().find("web gets no licence") == std::string::npos);
        world.facts.knowledge[0].when_well = true;
        CHECK(world.said().find("web gets no licence from lic01.") != std::string::npos);
    }
}

TEST_CASE("the upstream of a silent proxy that is not there is its cause", "[unit][doctor]") {
    World world;
    DialFact& dial = world.refer("api", "server s1", "http", 3999);
    dial = World::refused(dial);
    world.facts.references.back().kind = "config";
    world.facts.references.back().where = "haproxy.cfg:10";
    CHECK(world.findings().empty());
    hang(world);
    const auto findings = world.findings();
    REQUIRE_FALSE(findings.empty());
    CHECK(findings[0].id == "proxy-names-dead-port");
    CHECK(findings[0].what.starts_with(
        "server s1 (haproxy.cfg:10) of api points to localhost:3999, where nothing listens"));
}

TEST_CASE("whom a hanging service waits for is told", "[unit][doctor]") {
    World world;
    hang(world);
    world.service("web").phase = "ready";
    ThreadFact& thread = add_thread(world, 10, "python3");
    thread.system_call = "recvfrom";
    thread.peer = "127.0.0.1:3200";
    const auto findings = world.findings();
    REQUIRE_FALSE(findings.empty());
    CHECK(
        findings[0].what ==
        "api accepts connections on 127.0.0.1:3101, and gives no answer to /health within 2.0 s: "
        "it waits for an answer of web (127.0.0.1:3200), or answers after longer than the timeout "
        "of 2.0 s.");
}

TEST_CASE("of a server with forked workers the worker that hangs is told", "[unit][doctor]") {
    World world;
    hang(world);
    for (const int pid : {10, 12}) {
        std::erase_if(world.facts.processes, [&](const auto& it) { return it.pid == pid; });
        ProcessFact process;
        process.pid = pid;
        process.service = "api";
        process.runtime = "python";
        world.facts.processes.push_back(process);
        ThreadFact& thread = add_thread(world, pid, "gunicorn");
        thread.pid = pid;
        thread.system_call = pid == 10 ? "select" : "futex";
    }
    ThreadFact& worker = world.facts.threads.back();
    worker.language = "python";
    worker.frames = {"wait_for_stock (shop.py:9)", "wait (shop.py:25)", "run (shop.py:40)"};
    const auto findings = world.findings();
    REQUIRE_FALSE(findings.empty());
    CHECK(findings[0].what ==
          "api accepts connections on 127.0.0.1:3101, and gives no answer to /health within 2.0 s: "
          "it hangs in wait_for_stock (shop.py:9), called by wait (shop.py:25), or answers after "
          "longer than the timeout of 2.0 s.");
    CHECK(findings[0].evidence[1] == "threads of pid 12: 1 in futex");
    // Where its main thread only hands out requests, the thread of the last one tells.
    world.facts.threads.back().frames.clear();
    for (const auto& [number, place] :
         {std::pair{13, "refresh (shop.py:50)"}, std::pair{14, "pay (shop.py:60)"}}) {
        ThreadFact& thread = add_thread(world, number, "gunicorn");
        thread.pid = 12;
        thread.language = "python";
        thread.frames = {place};
    }
    CHECK(world.findings()[0].what.find(": it hangs in pay (shop.py:60), or ") !=
          std::string::npos);
}

TEST_CASE("threads that wait for an interpreter which is busy are no deadlock", "[unit][doctor]") {
    World world;
    ProcessFact process;
    process.pid = 10;
    process.service = "api";
    process.runtime = "python";
    process.wanted_cpu_percent = 99.4;
    world.facts.processes.push_back(process);
    ConnectionFact left;
    left.pid = 10;
    left.service = "api";
    left.port = 3101;
    left.state = "close_wait";
    left.count = 2;
    world.facts.connections.push_back(left);
    for (const char* state : {"S", "R"}) {
        ThreadFact thread;
        thread.pid = 10;
        thread.state = state;
        thread.system_call = thread.state == "S" ? "futex" : "running";
        thread.language = "python";
        thread.frames = {"total (shop.py:7)", "do_GET (shop.py:20)", "run (shop.py:30)"};
        world.facts.threads.push_back(thread);
    }
    CHECK(world.said() ==
          "[requests-stuck] 2 requests to api on port 3101 hang: the clients have gone, and the "
          "service still holds the connections; its main thread wants 99 % of a CPU, in total "
          "(shop.py:7), called by do_GET (shop.py:20).\n");
    // With nobody who runs it does look like one.
    world.facts.processes.back().wanted_cpu_percent = 0;
    world.facts.threads.back() = world.facts.threads.front();
    CHECK(world.said() ==
          "[requests-stuck] 2 requests to api on port 3101 hang: the clients have gone, and the "
          "service still holds the connections; 2 threads of it wait for a lock (futex), in total "
          "(shop.py:7), called by do_GET (shop.py:20), which looks like a deadlock.\n");
}

TEST_CASE("on a busy machine who is late may be the doctor", "[unit][doctor]") {
    World world;
    hang(world);
    world.service("api").phase = "ready";
    world.probe("api").timeout = 0.9;
    CHECK(world.said().starts_with("[accepts-and-never-answers] "));
    world.facts.unseen = {"processes and sockets: it took too long to look"};
    CHECK(world.findings().empty());
    CHECK(diagnose(world.facts).unseen ==
          std::vector<std::string>{
              "processes and sockets: it took too long to look",
              "whether api answers: not within 2.0 s, but this machine is too busy to tell"});
    CHECK(diagnose(world.facts).is_open);
}

TEST_CASE("a certificate that is accepted in spite of itself is no cause", "[unit][doctor]") {
    World world;
    hang(world);
    world.probe("api").protocol = "https";
    world.probe("api").tls_problem = "self-signed certificate";
    CHECK(world.said().find("certificate") == std::string::npos);
    world.probe("api").stage = "tls";
    world.probe("api").error = "the certificate is not trusted: self-signed certificate";
    CHECK(world.said().starts_with("[certificate-self-signed] "));
}

TEST_CASE("an answer from before it hung does not make it slow", "[unit][doctor]") {
    World world;
    hang(world);
    world.service("api").has_been_ready = true;
    world.service("api").phase_seconds = 5;
    world.facts.time = "2026-11-20T18:37:10.000Z";
    world.say("api", "\"GET /health HTTP/1.1\" 200 -");  // At 18:37:03.
    REQUIRE(world.findings().front().id == "accepts-and-never-answers");
    world.service("api").phase_seconds = 20;
    REQUIRE(world.findings().front().id == "answers-too-late");
}

TEST_CASE("an event loop that a synchronous call blocks is told", "[unit][doctor]") {
    World world;
    hang(world);
    ProcessFact& process = world.facts.processes[0];
    process.runtime = "python";
    process.has_event_loop = true;
    ThreadFact& main = add_thread(world, 10, "python3");
    main.system_call = "nanosleep";
    CHECK(world.findings()[0].what ==
          "The event loop of api (node api.js, pid 10) is blocked by a synchronous call: its main "
          "thread sleeps (nanosleep) rather than wait for events, so that nothing on "
          "127.0.0.1:3101 is "
          "answered meanwhile.");
    // It waits for events as it should: then it is something else.
    main.system_call = "epoll_wait";
    CHECK(world.findings()[0].id == "accepts-and-never-answers");
    main.system_call = "nanosleep";
    process.has_event_loop = false;
    CHECK(world.findings()[0].id == "accepts-and-never-answers");
}

TEST_CASE("a proxy that waits is a consequence of the service behind it", "[unit][doctor]") {
    World world;
    NginxFact nginx;
    nginx.service = "web";
    nginx.config = "nginx.conf";
    NginxLocationFact location;
    location.path = "/";
    location.proxy_pass = "http://127.0.0.1:3101";
    location.proxy_pass_where = "nginx.conf:7";
    NginxServerFact server;
    server.listens = {{"127.0.0.1", 3200, false}};
    server.locations = {location};
    nginx.servers = {server};
    world.facts.nginx = {nginx};
    DialFact& probe = world.probe("web");
    probe.stage = "first byte";
    probe.status = 0;
    probe.error = "no answer";
    probe.seconds = probe.timeout = 1;
    world.service("web").phase = "unhealthy";
    DialFact behind = probe;
    behind.id = "past nginx: probe of web";
    behind.purpose = "compare";
    behind.port = 3101;
    behind.seconds = 0;  // Cut off.
    world.facts.dials.push_back(behind);
    CHECK(world.said() ==
          "[upstream-never-answers] api, to which nginx passes /health (nginx.conf:7), gives no "
          "answer to GET http://127.0.0.1:3101/health within 1.0 s, asked directly too: it is not "
          "nginx that hangs.\n"
          "  why web accepts connections on 127.0.0.1:3200, and gives no answer to /health within "
          "1.0 s: it hangs, or answers after longer than the timeout of 2.0 s.\n");
}

TEST_CASE("a report of Node.js tells where a service hangs", "[unit][doctor]") {
    World world;
    ReportFact report;
    report.service = "api";
    report.file = "report.20261127.json";
    report.pid = 10;
    report.trigger = "Signal";
    report.frames = {"checkout (api.js:12)", "handle (api.js:30)"};
    world.facts.reports = {report};
    CHECK(world.said().empty());
    hang(world);
    CHECK(world.findings()[0].what ==
          "api hangs: when it wrote its report, its main thread was in checkout (api.js:12), "
          "called by handle (api.js:30).");
    World ended;
    ended.end("api", 134);
    report.trigger = GENERATE("FatalError", "OOMError");
    report.heap_used_bytes = 60U << 20U;
    report.heap_limit_bytes = 64U << 20U;
    ended.facts.reports = {report};
    CHECK(ended.findings()[0].id == "heap-exhausted");
}
