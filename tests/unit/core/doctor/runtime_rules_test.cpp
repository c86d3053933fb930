// Hangs of runtimes whose threads wait in a futex also when they have nothing to do; hangs before
// a service listens, and those that a restart has ended.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

#include <sstream>

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

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

World stuck(const std::string& runtime, int count) {
    World world;
    world.facts.processes[0].runtime = runtime;
    world.facts.processes[0].name = runtime;
    world.facts.processes[0].command = runtime + " api";
    world.facts.connections.push_back({3101, "api", 10, "close-wait", count, 0});
    for (int thread = 10; thread < 16; ++thread)
        add_thread(world, thread, "pool");
    return world;
}

void hang(World& world) {
    DialFact& probe = world.probe("api");
    probe.stage = "first byte";
    probe.status = 0;
    probe.error = "no answer";
    probe.timeout = probe.seconds = 2;
    world.service("api").phase = "unhealthy";
}

void spin(ThreadFact& thread, double percent) {
    thread.state = "R";
    thread.system_call = "running";
    thread.wanted_cpu_percent = percent;
}

void write_log(World& world, const std::string& text) {
    LogFact log;
    log.service = "api";
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);)
        log.lines.push_back({"2026-11-27T12:00:00.000Z", line});
    world.facts.logs.push_back(log);
}

constexpr const char* stuck_words =
    "requests to api on port 3101 hang: the clients have gone, and the service still holds the "
    "connections";

}  // namespace

TEST_CASE("idle threads of a runtime are no deadlock, and what shows where it is fits it",
          "[unit][doctor]") {
    struct Case {
        const char* runtime;
        const char* advice;
    };
    const auto one =
        GENERATE(Case{"go", "kill -QUIT 10 (which writes its goroutines to its log, and ends it)"},
                 Case{"java", "jstack 10 (or kill -QUIT 10, which writes it to its log)"},
                 Case{"ruby", "rbspy dump --pid 10"},
                 Case{"", "gdb -p 10, or perf top -p 10"});
    World world = stuck(one.runtime, 3);
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].what == std::string{"3 "} + stuck_words + ".");
    CHECK(findings[0].fix ==
          std::string{"see where it is: "} + one.advice + "; devstack restart api for now");
    world.facts.connections[0].count = 2;
    CHECK(world.findings().empty());
}

TEST_CASE("threads of a pool that wait for work are no deadlock", "[unit][doctor]") {
    World world = stuck("", 3);
    world.facts.threads[1].frames = {
        "__futex_abstimed_wait_common", "pthread_cond_clockwait", "Pool::work (pool.cpp:30)"};
    world.facts.threads[2].frames = {
        "syscall", "tokio::runtime::park::block_on (park.rs:281)", "unlock_accounts (bank.rs:7)"};
    CHECK(world.said() == std::string{"[requests-stuck] 3 "} + stuck_words + ".\n");
    world.facts.threads[1].frames[1] = "pthread_mutex_lock";
    CHECK(world.said() == std::string{"[requests-stuck] 3 "} + stuck_words +
                              "; 1 thread of it waits for a lock (futex), in Pool::work "
                              "(pool.cpp:30), which looks like a deadlock.\n");
}

TEST_CASE("the threads that spin are named", "[unit][doctor]") {
    World world = stuck("java", 2);
    spin(world.facts.threads[2], 99);
    world.facts.threads[2].name = "pool-1-thread-1";
    CHECK(world.said() == std::string{"[requests-stuck] 2 "} + stuck_words +
                              "; its thread pool-1-thread-1 (12) wants 99 % of a CPU.\n");
    spin(world.facts.threads[3], 97);
    world.facts.threads[3].name = "pool-1-thread-2";
    hang(world);
    CHECK(world.said() ==
          "[spins] api (java api, pid 10) is busy in an endless loop, or close to it, and answers "
          "nothing on 127.0.0.1:3101: its threads pool-1-thread-1 (12) and pool-1-thread-2 (13) "
          "want 97 % of a CPU each.\n");
}

TEST_CASE("a call that keeps the event loop for long is named, and is no endless loop",
          "[unit][doctor]") {
    World world = stuck("node", 2);
    spin(world.facts.threads[0], 99);
    world.facts.threads[0].frames = {"verify (auth.js:7)", "login (app.js:3)"};
    world.facts.threads[0].language = "node";
    const auto line_is = [&](const std::string& text) {
        world.facts.sources = {{"/srv/api/auth.js", {{7, text}}}};
        return world.findings()[0];
    };
    constexpr const char* blocked =
        "The event loop of api is blocked by crypto.pbkdf2Sync in verify (auth.js:7), called by "
        "login (app.js:3): its main thread does nothing else until that has come to its end, for "
        "each request anew.";
    constexpr const char* call = "  return crypto.pbkdf2Sync(word, salt, 5e6, 64, 'sha512');";
    CHECK(line_is(call).what == blocked);
    CHECK(line_is(call).id == "event-loop-blocked");
    CHECK(line_is("const ok = await doSync2(x); // crypto.pbkdf2Sync").id == "requests-stuck");
    hang(world);
    CHECK(line_is(call).what == blocked);
    CHECK(line_is(call).fix ==
          "use crypto.pbkdf2 (with await or a callback), which leaves the main thread free, or a "
          "worker thread");
    CHECK(line_is("while (true) {}").id == "spins");
    CHECK(line_is("if (bcrypt.compareSync(word, hash)) {").fix.starts_with("use bcrypt.compare "));
}

TEST_CASE("what compiles does not spin", "[unit][doctor]") {
    World world = stuck("java", 2);
    spin(world.facts.threads[2], 99);
    world.facts.threads[2].name = "C2 CompilerThre";
    CHECK(world.findings().empty());
}

TEST_CASE("threads that run in turns spin together", "[unit][doctor]") {
    World world = stuck("ruby", 1);
    hang(world);
    spin(world.facts.threads[1], 56);
    spin(world.facts.threads[2], 43);
    CHECK(world.said() ==
          "[spins] api (ruby api, pid 10) is busy in an endless loop, or close to it, and answers "
          "nothing on 127.0.0.1:3101: its threads pool (11) and pool (12) want 99 % of a CPU "
          "together.\n");
}

TEST_CASE("a heap that is collected all the time is told, and one that is full by its dump",
          "[unit][doctor]") {
    World world = stuck("java", 1);
    hang(world);
    spin(world.facts.threads[1], 56);
    spin(world.facts.threads[2], 43);
    world.facts.threads[1].name = "GC Thread#0";
    world.facts.threads[2].name = "GC Thread#1";
    CHECK(world.said() ==
          "[heap-exhausted] api (java api, pid 10) answers nothing on 127.0.0.1:3101: it is busy "
          "collecting garbage, which takes 99 % of a CPU: its heap is all but full.\n");

    World dumped = stuck("java", 1);
    hang(dumped);
    dumped.service("api").command = "java -Xmx24m -jar api.jar";
    write_log(dumped, " garbage-first heap   total 24576K, used 22691K [0x00000000fe800000, 0x0)");
    CHECK(dumped.said() ==
          "[heap-exhausted] api has its heap all but full: 22.2 MiB of the 24 MiB that -Xmx24m "
          "allows are in use.\n");
    dumped.service("api").command = "java -Xmx64m -jar api.jar";
    CHECK(dumped.findings()[0].id == "accepts-and-never-answers");
}

TEST_CASE("a server that asks itself and has no other worker is told", "[unit][doctor]") {
    World world = stuck("", 1);
    world.facts.threads.clear();
    hang(world);
    world.facts.processes[0].name = "php";
    world.facts.processes[0].command = "php -S 127.0.0.1:3101";
    ThreadFact& thread = add_thread(world, 10, "php");
    thread.system_call = "poll";
    thread.peer = "127.0.0.1:3101";
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].what ==
          "api gives no answer to /health within 2.0 s: it waits for an answer of itself "
          "(127.0.0.1:3101), and none of its workers is free to give it.");
    CHECK(findings[0].fix ==
          "answer without asking itself, or run more workers or threads "
          "(PHP_CLI_SERVER_WORKERS=4 in its environment)");
}

TEST_CASE("a lock without an owner is taken twice where others wait to enter", "[unit][doctor]") {
    World world = stuck("", 2);
    world.facts.threads[1].frames = {"std::sys::sync::mutex::futex::Mutex::lock_contended",
                                     "stock::Store::reorder (stock.rs:14)",
                                     "stock::Store::page (stock.rs:20)"};
    world.facts.threads[2].frames = {"std::sys::sync::mutex::futex::Mutex::lock_contended",
                                     "stock::Store::page (stock.rs:18)",
                                     "stock::serve (main.rs:21)"};
    CHECK(world.said() ==
          "[deadlock] api is in a deadlock: thread pool (11) waits in stock::Store::reorder "
          "(stock.rs:14) for a lock, called by stock::Store::page (stock.rs:20), which has one "
          "that others wait for in stock::Store::page (stock.rs:18).\n");
    // Where nobody suffers it may pass.
    world.facts.connections.clear();
    CHECK(world.findings().empty());
    world = stuck("", 2);
    // Both at the same line wait for somebody else.
    for (const std::size_t i : {1UL, 2UL}) {
        world.facts.threads[i].frames = {
            "pthread_mutex_lock", "stock::Store::page (stock.rs:18)", "stock::serve (main.rs:21)"};
    }
    CHECK(world.findings()[0].id == "requests-stuck");
}

TEST_CASE("a service that waits before it listens needs no more time", "[unit][doctor]") {
    World world;
    ServiceFact& api = world.service("api");
    api.phase = "starting";
    api.phase_seconds = 5;
    api.why = "pid 10 is not ready yet: connection refused";
    std::erase_if(world.facts.listeners, [](const ListenerFact& it) { return it.pid == 10; });
    world.probe("api") = World::refused(world.probe("api"));
    world.facts.processes[0].runtime = "go";
    GoroutineFact main{10,
                       1,
                       1,
                       "sync.WaitGroup.Wait",
                       0,
                       {{"sync.(*WaitGroup).Wait", "/go/src/sync/waitgroup.go", 139},
                        {"main.load", "/src/cart.go", 19},
                        {"main.main", "/src/main.go", 14}}};
    world.facts.goroutines = {
        main, {10, 18, 2, "chan send", 0, {{"main.load.func1", "/src/cart.go", 16}}}};
    auto findings = world.findings();
    REQUIRE(!findings.empty());
    CHECK(findings[0].id == "hangs-at-start");
    CHECK(findings[0].confidence == Confidence::sure);
    CHECK(findings[0].what ==
          "api hangs before it listens on port 3101: it uses no CPU, and its main goroutine waits "
          "for a WaitGroup in main.load (cart.go:19); nothing in it is left that could end that.");
    CHECK(findings[0].evidence[1] ==
          "2 goroutines [chan send] wait in main.load.func1 (cart.go:16)");
    CHECK(findings[0].fix ==
          "see what should end that wait; more time (start_timeout) does not help");

    // One that waits for an answer is not sure to wait for ever; one that sleeps tries again.
    world.facts.goroutines[1].state = "IO wait";
    CHECK(world.findings()[0].confidence == Confidence::probable);
    world.facts.goroutines[0].state = "IO wait";
    CHECK(world.findings()[0].what ==
          "api waits before it listens on port 3101: it uses no CPU, and its main goroutine waits "
          "(IO wait) in main.load (cart.go:19).");
    world.facts.goroutines[0].state = "sleep";
    CHECK(world.findings()[0].id == "service-in-trouble");
    // So does one that works.
    world.facts.goroutines[0] = main;
    world.facts.processes[0].cpu_percent = 40;
    CHECK(world.findings()[0].id == "service-in-trouble");
}

TEST_CASE("what a service was restarted for is told for a while", "[unit][doctor]") {
    World world;
    world.facts.time = "2026-11-27T12:00:30.000Z";
    world.service("api").restarts = 1;
    CrashFact crash;
    crash.service = "api";
    crash.pid = 37;
    crash.time = "2026-11-27T12:00:21.000Z";
    crash.ended = "exited with code 143";
    crash.why = "was unhealthy: no answer within 500ms";
    crash.lived_seconds = 4.9;
    crash.finding = "deadlock";
    crash.cause = "api is in a deadlock: thread a waits for one that b holds.";
    world.facts.crashes = {crash};
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].id == "restarted-for-hang");
    CHECK(findings[0].what ==
          "api was restarted 9.0 s ago because it hung. It was found then: api is in a deadlock: "
          "thread a waits for one that b holds.");
    CHECK(findings[0].evidence ==
          std::vector<std::string>{
              "pid 37 exited with code 143 after 4.9 s: was unhealthy: no answer within 500ms"});

    // That it did not answer is no reason: it is told for as long as any bad end.
    world.facts.crashes[0].finding = "accepts-and-never-answers";
    CHECK(world.findings()[0].what ==
          "api was restarted 9.0 s ago because it was unhealthy: no answer within 500ms.");
    world.facts.crashes[0].time = "2026-11-27T11:59:21.000Z";
    CHECK(world.findings().empty());
    world.facts.crashes[0].finding = "deadlock";
    CHECK(world.findings()[0].what ==
          "api was restarted 69 s ago because it hung. It was found then: api is in a deadlock: "
          "thread a waits for one that b holds.");
    world.facts.crashes[0].time = "2026-11-27T11:50:00.000Z";
    CHECK(world.findings().empty());
}

TEST_CASE("a deadlock that a JVM has told of before its restart is told as past",
          "[unit][doctor]") {
    World world;
    world.facts.time = "2026-11-27T12:00:09.000Z";
    write_log(world,
              "Found one Java-level deadlock:\n=============================\n\"a\":\n"
              "  which is held by \"b\"\n\"b\":\n  which is held by \"a\"\nFound 1 deadlock.\n");
    ServiceFact& api = world.service("api");
    api.phase = "starting";
    api.restarts = 1;
    api.uptime_seconds = 3;
    const auto findings = world.findings();
    REQUIRE(!findings.empty());
    CHECK(findings[0].what ==
          "api was in a deadlock before its restart: thread a waits for a monitor that b holds, "
          "which waits for one that a holds.");
    CHECK(findings[0].fix == "take these locks in the same order everywhere");
    api.uptime_seconds = 60;
    CHECK(world.findings()[0].what ==
          "api is in a deadlock: thread a waits for a monitor that b holds, which waits for one "
          "that a holds.");
}
