// Locks on files, pid files, FIFOs.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

ClaimFact lock_on(const std::string& path) {
    ClaimFact claim;
    claim.path = path;
    claim.kind = "lock";
    claim.pid = 77;
    claim.is_alive = true;
    claim.command = "python3 worker.py";
    return claim;
}

void start(World& world) {
    world.service("api").phase = "starting";
    world.service("api").phase_seconds = 10;
    world.probe("api") = World::refused(world.probe("api"));
    std::erase_if(world.facts.listeners, [](const auto& it) { return it.service == "api"; });
}

}  // namespace

TEST_CASE("who waits for a lock on a file is told with its holder", "[unit][doctor]") {
    World world;
    ClaimFact claim = lock_on("data/store.lock");
    claim.waiter = 10;
    claim.waiter_service = "api";
    world.facts.claims = {claim};
    CHECK(world.said().empty());  // It is well: a moment's wait is nobody's business.
    start(world);
    CHECK(world.findings()[0].what ==
          "api (pid 10) waits for the lock on the file data/store.lock, which python3 worker.py "
          "(pid 77) holds.");
    CHECK(world.findings()[0].id == "waits-for-file-lock");
}

TEST_CASE("a request that waits for the session of another one is told", "[unit][doctor]") {
    World world;
    ClaimFact claim = lock_on("/tmp/sess_abc");
    claim.waiter = 10;
    claim.waiter_service = claim.service = "api";
    claim.command = "php-fpm: pool www";
    world.facts.claims = {claim};
    DialFact asked = world.probe("web");
    asked.id = asked.purpose = "asked";
    world.facts.dials.push_back(asked);
    CHECK(world.said().empty());  // It is answered.
    asked.status = 0;
    asked.stage = "first byte";
    asked.error = "no answer";
    world.facts.dials.back() = asked;
    ThreadFact holder;
    holder.pid = holder.thread = 77;
    holder.state = "S";
    holder.system_call = "nanosleep";
    world.facts.threads = {holder};
    const Finding finding = world.findings()[0];
    CHECK(finding.what ==
          "A request to api (pid 10) waits for the lock on the session file /tmp/sess_abc, which "
          "php-fpm: pool www (pid 77, of api) holds: PHP answers the requests of one session one "
          "after the other, and that one does not end.");
    CHECK(finding.evidence[0] ==
          "/proc/locks: pid 10 is blocked by pid 77, which sleeps (nanosleep)");
    CHECK(finding.fix ==
          "call session_write_close() before what takes long in the request of pid 77, or "
          "session_start(['read_and_close' => true]) where nothing is written; kill 77 for now");
    world.facts.claims[0].path = "data/cache.lock";
    CHECK(world.findings()[0].fix ==
          "see what pid 77 does with it: it is of the same service; devstack restart api for now");
}

TEST_CASE("a client that has given up on who waits for a lock is told", "[unit][doctor]") {
    World world;
    ClaimFact claim = lock_on("data/store.lock");
    claim.waiter = 10;
    claim.waiter_service = "api";
    world.facts.claims = {claim};
    ConnectionFact connection;
    connection.port = 3101;
    connection.service = "api";
    connection.pid = 10;
    connection.state = "established";
    connection.count = 1;
    world.facts.connections = {connection};
    CHECK(world.said().empty());
    world.facts.connections[0].state = "close-wait";
    CHECK(world.findings()[0].id == "waits-for-file-lock");
}

TEST_CASE("a lock that keeps a service from starting is told if it speaks of the file",
          "[unit][doctor]") {
    World world;
    world.end("api", 1);
    world.facts.claims = {lock_on("worker.pid")};
    world.say("api", "something else went wrong");
    CHECK(world.findings()[0].id != "file-lock-held");
    world.say("api", "another instance is already running (worker.pid)");
    CHECK(world.findings()[0].what ==
          "api ends at once, since the lock on worker.pid is held by python3 worker.py (pid 77).");
}

TEST_CASE("a pid file that was left behind is told from one of a program that lives",
          "[unit][doctor]") {
    World world;
    world.end("api", 1);
    ClaimFact claim = lock_on("tmp/pids/server.pid");
    claim.kind = "pid file";
    claim.is_alive = false;
    claim.command.clear();
    world.facts.claims = {claim};
    world.say("api", "A server is already running (pid: 77, file: /srv/tmp/pids/server.pid).");
    CHECK(world.findings()[0].what ==
          "api believes that it runs already: tmp/pids/server.pid names pid 77, which does not "
          "exist. The file was left behind by a run that did not end cleanly.");
    CHECK(world.findings()[0].fix == "rm tmp/pids/server.pid");
    world.facts.claims[0].is_alive = true;
    world.facts.claims[0].command = "puma 6.0";
    CHECK(world.findings()[0].what ==
          "api ends at once, since tmp/pids/server.pid names pid 77, which lives: it is puma 6.0 "
          "(pid 77).");
}

TEST_CASE("a FIFO without anybody at its other end is told", "[unit][doctor]") {
    World world;
    ThreadFact thread;
    thread.pid = thread.thread = 10;
    thread.state = "S";
    thread.system_call = "openat";
    thread.wait_channel = "wait_for_partner";
    thread.fifo = "/srv/events.fifo";
    thread.fifo_end = "reader";
    world.facts.threads = {thread};
    CHECK(world.said().empty());
    start(world);
    CHECK(world.findings()[0].what ==
          "api (pid 10) stands still in open(): it opens the FIFO /srv/events.fifo to write, and "
          "nobody has it open to read.");
    world.facts.threads[0].fifo_end = "writer";
    CHECK(world.findings()[0].id == "fifo-has-no-writer");
}
