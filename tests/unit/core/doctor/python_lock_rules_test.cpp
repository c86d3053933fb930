#include "support/catch.hpp"
#include "world.hpp"

using namespace devstack::test;

namespace {

/// A thread of api that waits for a lock.
void add_waiting(World& world, int number, const std::vector<std::string>& frames) {
    ThreadFact thread;
    thread.pid = 10;
    thread.thread = number;
    thread.name = "python3";
    thread.state = "S";
    thread.system_call = "futex";
    thread.frames = frames;
    thread.language = "python";
    world.facts.threads.push_back(thread);
}

World python_world() {
    World world;
    ProcessFact process;
    process.pid = 10;
    process.service = "api";
    process.runtime = "python";
    process.state = "S";
    world.facts.processes.push_back(process);
    world.facts.sources.push_back(
        {"/srv/app/bank.py", {{4, "def rotate():"},          {5, "    with lock:"},
                              {9, "def create(user):"},      {10, "    with lock:"},
                              {12, "        if user:"},      {13, "            rotate()"},
                              {20, "def pay(self):"},        {21, "    with self.a:"},
                              {22, "        with self.b:"},  {30, "def refund(self):"},
                              {31, "    with self.b:"},      {32, "        self.a.acquire()"},
                              {40, "def after():"},          {41, "    with lock:"},
                              {42, "        count()"},       {43, "    with lock:"},
                              {50, "def again():"},          {51, "    other.acquire()"},
                              {52, "    other.release()"},   {53, "    lock.acquire()"},
                              {54, "    if lock:"},          {55, "        other.acquire()"},
                              {56, "        lock.acquire()"}}});
    return world;
}

}  // namespace

TEST_CASE("a Python thread that takes a lock twice is named with both places", "[unit][doctor]") {
    World world = python_world();
    add_waiting(world, 11, {"rotate (app/bank.py:5)", "create (app/bank.py:13)"});
    add_waiting(world, 12, {"create (app/bank.py:10)"});
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].id == "deadlock");
    CHECK(findings[0].confidence == Confidence::sure);
    CHECK(findings[0].what ==
          "api is in a deadlock: thread python3 (11) waits for lock, which it has held since "
          "create (app/bank.py:10), and takes it again in rotate (app/bank.py:5); 2 threads wait "
          "for it.");
    CHECK(findings[0].evidence ==
          std::vector<std::string>{
              "thread python3 (11) waits in rotate (app/bank.py:5), called by create "
              "(app/bank.py:13)",
              "thread python3 (12) waits in create (app/bank.py:10)"});
    CHECK(findings[0].fix ==
          "do not take lock in what create calls while it holds it (rotate (app/bank.py:5)), or "
          "make it a threading.RLock; devstack restart api for now");
}

TEST_CASE("what a Python thread has acquired and not released it holds", "[unit][doctor]") {
    World world = python_world();
    add_waiting(world, 11, {"again (bank.py:56)"});
    CHECK(world.said() ==
          "[deadlock] api is in a deadlock: thread python3 (11) waits for lock, which it has held "
          "since again (bank.py:53), and takes it again in again (bank.py:56); 1 thread waits for "
          "it.\n");
}

TEST_CASE("Python threads that wait for each other's locks are named with all places",
          "[unit][doctor]") {
    World world = python_world();
    add_waiting(world, 11, {"pay (bank.py:22)"});
    add_waiting(world, 12, {"refund (bank.py:32)"});
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].confidence == Confidence::probable);
    CHECK(findings[0].what ==
          "api is in a deadlock: thread python3 (11) waits in pay (bank.py:22) for self.b, which "
          "thread python3 (12) has held since refund (bank.py:31); that one waits in refund "
          "(bank.py:32) for self.a, which the first has held since pay (bank.py:21).");
    CHECK(findings[0].fix ==
          "take self.b and self.a in the same order everywhere; devstack restart api for now");
}

TEST_CASE("a Python thread that waits for a lock which it does not hold is no deadlock",
          "[unit][doctor]") {
    World world = python_world();
    add_waiting(world, 11, {"create (app/bank.py:10)"});
    add_waiting(world, 12, {"after (bank.py:43)"});
    add_waiting(world, 15, {"again (bank.py:55)"});
    add_waiting(world, 13, {"pay (bank.py:21)", "create (other.py:13)"});
    CHECK(world.said().empty());
    // Nor one that runs.
    add_waiting(world, 14, {"rotate (bank.py:5)", "create (bank.py:13)"});
    world.facts.threads.back().state = "R";
    CHECK(world.said().empty());
}

TEST_CASE("a lock is told by the file that a frame is of, not by another one of its name",
          "[unit][doctor]") {
    World world = python_world();
    world.facts.sources.insert(world.facts.sources.begin(),
                               {"/srv/web/bank.py", {{5, "    with lock:"}, {9, "x = 1"}}});
    add_waiting(world, 11, {"rotate (app/bank.py:5)", "create (app/bank.py:13)"});
    CHECK(world.findings()[0].id == "deadlock");
    // By the name alone it could be either.
    World unclear = python_world();
    unclear.facts.sources.push_back({"/srv/web/bank.py", unclear.facts.sources[0].lines});
    add_waiting(unclear, 11, {"rotate (bank.py:5)", "create (bank.py:13)"});
    CHECK(unclear.said().empty());
}
