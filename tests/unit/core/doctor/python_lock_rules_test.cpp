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

namespace {

/// A child of api that waits in render() for a lock that a thread of its parent held.
World forked_world() {
    World world = python_world();
    world.facts.sources[0].lines.insert(world.facts.sources[0].lines.begin(),
                                        {2, "lock = threading.Lock()"});
    ProcessFact& parent = world.facts.processes.back();
    parent.pid = 30;
    parent.threads = 3;
    parent.command = "python3 api.py";
    ProcessFact child = parent;
    child.pid = 10;
    child.parent = 30;
    child.threads = 1;
    child.age_seconds = 4;
    std::erase_if(world.facts.processes, [](const ProcessFact& it) { return it.pid == 10; });
    world.facts.processes.push_back(child);
    add_waiting(world, 10, {"rotate (app/bank.py:5)"});
    ThreadFact waits;
    waits.pid = 30;
    waits.thread = 31;
    waits.state = "S";
    waits.system_call = "wait4";
    waits.frames = {"do_GET (app/bank.py:70)"};
    waits.language = "python";
    world.facts.threads.push_back(waits);
    return world;
}

}  // namespace

TEST_CASE("a lock that was held when a Python process was forked is told", "[unit][doctor]") {
    World world = forked_world();
    const Finding finding = world.findings().at(0);
    CHECK(finding.id == "lock-held-over-fork");
    CHECK(finding.what ==
          "api waits in do_GET (app/bank.py:70) for its child process 10, which waits in rotate "
          "(app/bank.py:5) for lock: a thread of pid 30 held that lock when the child was forked, "
          "and in the child there is no thread that would release it.");
    CHECK(finding.evidence.at(1) ==
          "pid 10 has 1 thread, its parent 30 has 3; both are python3 api.py");
    CHECK(finding.fix ==
          "start it without a fork: multiprocessing.get_context(\"spawn\") (or \"forkserver\"), or "
          "fork before there are threads; devstack restart api for now");
}

TEST_CASE("a child that waits for a lock that somebody may release is not", "[unit][doctor]") {
    SECTION("one that processes share") {
        World world = forked_world();
        world.facts.sources[0].lines[0].text = "lock = multiprocessing.Lock()";
        CHECK(world.findings().empty());
    }
    SECTION("a thread of its own may") {
        World world = forked_world();
        world.facts.processes.back().threads = 2;
        CHECK(world.findings().empty());
    }
    SECTION("its parent had no other threads") {
        World world = forked_world();
        std::ranges::find(world.facts.processes, 30, &ProcessFact::pid)->threads = 1;
        CHECK(world.findings().empty());
    }
}

namespace {

World pool_world(const std::string& pool) {
    World world = python_world();
    world.facts.sources.push_back({"/srv/app/api.py",
                                   {{3, pool},
                                    {5, "def order(n):"},
                                    {6, "    jobs = [pool.submit(price, i) for i in range(n)]"},
                                    {7, "    return sum(job.result() for job in jobs)"},
                                    {8, "def do_GET(self):"},
                                    {9, "    jobs = [pool.submit(order, 3) for _ in range(2)]"}}});
    for (const int number : {11, 12})
        add_waiting(world, number, {"<genexpr> (app/api.py:7)", "order (app/api.py:7)"});
    return world;
}

}  // namespace

TEST_CASE("a pool of threads that all wait for that pool is told", "[unit][doctor]") {
    World world = pool_world("pool = ThreadPoolExecutor(max_workers=2)");
    const Finding finding = world.findings().at(0);
    CHECK(finding.id == "pool-waits-for-itself");
    CHECK(finding.what ==
          "All 2 threads of the pool pool of api (api.py:3) wait in order (app/api.py:7) for work "
          "that it gives the same pool: no thread is left to do it.");
    CHECK(finding.fix ==
          "call it directly in order (app/api.py:7), or give it to another pool; devstack restart "
          "api for now");
}

TEST_CASE("a pool that has a thread left is not", "[unit][doctor]") {
    CHECK(pool_world("pool = ThreadPoolExecutor(3)").findings().empty());
    CHECK(pool_world("pool = ThreadPoolExecutor()").findings().empty());
    CHECK(pool_world("other = ThreadPoolExecutor(2)").findings().empty());
    // What they wait for is done by others.
    World world = pool_world("pool = ThreadPoolExecutor(2)");
    world.facts.sources.back().lines[2].text = "    jobs = [other.submit(price, i)]";
    CHECK(world.findings().empty());
}
