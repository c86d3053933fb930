// What goroutines wait for, as they were found in the memory of a program that does not answer.

#include "devstack/core/doctor/describe_threads.hpp"
#include "devstack/core/doctor/facts_json.hpp"

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

GoFrameFact frame(const std::string& function, const std::string& file, int line) {
    return {function, file, line};
}

/// In a handler of net/http.
GoroutineFact& add_request(World& world,
                           std::uint64_t number,
                           const std::string& state,
                           std::vector<GoFrameFact> frames) {
    GoroutineFact fact;
    fact.pid = 10;
    fact.number = number;
    fact.count = 1;
    fact.state = state;
    fact.frames = std::move(frames);
    fact.frames.push_back(frame("net/http.HandlerFunc.ServeHTTP", "/go/src/net/http/s.go", 2109));
    fact.frames.push_back(frame("net/http.(*conn).serve", "/go/src/net/http/server.go", 1991));
    world.facts.goroutines.push_back(std::move(fact));
    return world.facts.goroutines.back();
}

/// A goroutine of the program's own.
GoroutineFact& add_worker(World& world,
                          std::uint64_t number,
                          const std::string& state,
                          std::vector<GoFrameFact> frames) {
    GoroutineFact& fact = add_request(world, number, state, std::move(frames));
    fact.frames.resize(fact.frames.size() - 2);
    return fact;
}

/// Clients of it have gone, and it holds their connections.
World stuck(int count) {
    World world;
    world.facts.processes[0].runtime = "go";
    world.facts.processes[0].name = "shop";
    world.facts.processes[0].command = "./shop";
    world.facts.connections.push_back({3101, "api", 10, "close-wait", count, 0});
    return world;
}

SourceFact source() {
    return {"/src/shop/store.go",
            {{18, "func (s *Store) Put(k string) {"},
             {19, "\ts.mu.Lock()"},
             {20, "\tdefer s.mu.Unlock()"},
             {22, "\ts.flush()"},
             {25, "func (st *Store) flush() {"},
             {26, "\tst.other.Lock()"},
             {27, "\tdefer st.other.Unlock()"},
             {30, "func (s *Store) Report() int {"},
             {31, "\ts.other.RLock()"},
             {32, "\tdefer s.other.RUnlock()"},
             {34, "\treturn s.count()"},
             {37, "func (s *Store) count() int {"},
             {38, "\ts.mu.Lock()"},
             {39, "\tdefer s.mu.Unlock()"},
             {43, "func (s *Store) Fetch() {"},
             {44, "\ts.mu.Lock()"},
             {45, "\tv := <-s.answers"},
             {46, "\ts.mu.Unlock()"},
             {48, "\ts.send(v)"}}};
}

std::vector<GoFrameFact> at(const std::string& function, int line) {
    return {frame("sync.(*Mutex).lockSlow", "/go/src/sync/mutex.go", 171),
            frame("main.(*Store)." + function, "/src/shop/store.go", line)};
}

std::vector<GoFrameFact> called_by(std::vector<GoFrameFact> frames,
                                   const std::string& function,
                                   int line) {
    frames.push_back(frame("main.(*Store)." + function, "/src/shop/store.go", line));
    return frames;
}

}  // namespace

TEST_CASE("two goroutines that hold what the other waits for are a deadlock", "[unit][doctor]") {
    World world = stuck(2);
    world.facts.sources = {source()};
    add_request(world, 18, "sync.RWMutex.Lock", called_by(at("flush", 26), "Put", 22));
    add_request(world, 19, "sync.Mutex.Lock", called_by(at("count", 38), "Report", 34));
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].id == "deadlock");
    CHECK(findings[0].confidence == Confidence::sure);
    CHECK(findings[0].what ==
          "Requests to api are stuck in a deadlock: goroutine 18 waits in main.(*Store).flush "
          "(store.go:26) for the mutex st.other, which goroutine 19 has held since "
          "main.(*Store).Report (store.go:31); that one waits in main.(*Store).count (store.go:38) "
          "for s.mu, which the first has held since main.(*Store).Put (store.go:19).");
    CHECK(findings[0].fix ==
          "take st.other and s.mu in the same order everywhere; devstack restart api for now");
}

TEST_CASE("a goroutine that takes its own lock again is told among those that wait for it",
          "[unit][doctor]") {
    World world = stuck(2);
    world.facts.sources = {source()};
    add_request(world, 18, "sync.Mutex.Lock", at("Put", 19)).count = 2;
    add_request(world, 19, "sync.Mutex.Lock", called_by(at("count", 38), "Put", 22));
    CHECK(world.said() ==
          "[deadlock] Requests to api are stuck in a deadlock: goroutine 19 waits for the mutex "
          "s.mu, which it has held since main.(*Store).Put (store.go:19), and takes it again in "
          "main.(*Store).count (store.go:38); 3 goroutines wait for it.\n");
}

TEST_CASE("who holds a lock and waits for a channel is told with what it waits for",
          "[unit][doctor]") {
    World world = stuck(2);
    world.facts.sources = {source()};
    add_request(world, 18, "sync.Mutex.Lock", at("Put", 19));
    auto frames = at("Fetch", 45);
    frames.erase(frames.begin());
    add_request(world, 20, "chan receive", frames);
    CHECK(world.said() ==
          "[lock-held] api hangs at a lock: goroutine 18 waits in main.(*Store).Put (store.go:19) "
          "for the mutex s.mu, which goroutine 20 has held since main.(*Store).Fetch "
          "(store.go:44), and waits to receive from a channel meanwhile in main.(*Store).Fetch "
          "(store.go:45); 1 goroutine waits for a lock.\n");
}

TEST_CASE("where nobody suffers only a circle of goroutines and locks is told", "[unit][doctor]") {
    World world = stuck(1);
    world.facts.connections.clear();
    world.facts.sources = {source()};
    add_request(world, 18, "sync.RWMutex.Lock", called_by(at("flush", 26), "Put", 22));
    CHECK(world.findings().empty());
    auto frames = at("Fetch", 45);
    frames.erase(frames.begin());
    add_request(world, 20, "chan receive", frames);
    add_request(world, 21, "sync.Mutex.Lock", at("Put", 19));
    CHECK(world.findings().empty());
    add_request(world, 19, "sync.Mutex.Lock", called_by(at("count", 38), "Report", 34));
    CHECK(world.findings()[0].id == "deadlock");
    CHECK(world.findings()[0].confidence == Confidence::sure);
}

TEST_CASE("a Go service that waits for an answer blames who should give it", "[unit][doctor]") {
    World world = stuck(1);
    DialFact& probe = world.probe("api");
    probe.stage = "first byte";
    probe.status = 0;
    probe.error = "no answer";
    probe.timeout = probe.seconds = 2;
    world.service("api").phase = "unhealthy";
    world.facts.peers = {{10, "127.0.0.1:3200", 2}};
    add_request(world,
                5,
                "select",
                {frame("net/http.(*persistConn).roundTrip", "/go/src/net/http/transport.go", 2620),
                 frame("main.quote", "/src/shop/quotes.go", 31)});
    CHECK(world.said() ==
          "[accepts-and-never-answers] api accepts connections on 127.0.0.1:3101, and gives no "
          "answer to /health within 2.0 s: it waits for an answer of web (127.0.0.1:3200) in "
          "main.quote (quotes.go:31), where it waits for the answer of another server, or answers "
          "after longer than the timeout of 2.0 s.\n");
}

TEST_CASE("a lock that was given up before is not held", "[unit][doctor]") {
    World world = stuck(2);
    world.facts.sources = {source()};
    add_request(world, 18, "sync.Mutex.Lock", at("Put", 19));
    auto frames = at("Fetch", 48);
    frames.erase(frames.begin());
    add_request(world, 20, "chan receive", frames);
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].what ==
          "Requests to api are stuck in what looks like a deadlock: 1 goroutine waits for a mutex "
          "that nobody gives up, in main.(*Store).Put (store.go:19).");
    CHECK(findings[0].fix ==
          "see whether all that take it give it up on every way out (defer …Unlock()), and what "
          "they call while they hold it (main.(*Store).Put (store.go:19)); devstack restart api "
          "for now");
}

TEST_CASE("who sends to a channel is stuck for sure when nobody is left to receive",
          "[unit][doctor]") {
    World world = stuck(1);
    add_request(world, 23, "chan send", {frame("main.publish", "/src/shop/cart.go", 25)}).count = 3;
    GoroutineFact& listener = add_worker(world, 1, "IO wait", {});
    listener.frames = {frame("net/http.(*Server).Serve", "/go/src/net/http/server.go", 3070),
                       frame("main.main", "/src/shop/main.go", 16)};
    auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].id == "channel-stuck");
    CHECK(findings[0].confidence == Confidence::sure);
    CHECK(findings[0].what ==
          "Requests to api are stuck: 3 requests wait in main.publish (cart.go:25) to send to a "
          "channel, and no goroutine is left that could receive from it.");
    CHECK(findings[0].evidence[0] == "3 goroutines [chan send] wait in main.publish (cart.go:25)");
    CHECK(findings[0].fix ==
          "see who should receive what main.publish (cart.go:25) sends, and why it has ended; "
          "devstack restart api for now");

    // One that sleeps between two may be slow: a client without patience proves nothing …
    add_worker(world, 7, "sleep", {frame("main.consume", "/src/shop/cart.go", 14)});
    CHECK(world.findings().empty());
    // … nor does one that runs.
    world.facts.goroutines.back() = {10, 0, 2, "running", 0, {}};
    CHECK(world.findings().empty());
    // Many of them do.
    world.facts.connections[0].count = 3;
    CHECK(world.said() ==
          "[channel-stuck] Requests to api are stuck: 3 requests wait in main.publish "
          "(cart.go:25) to send to a channel from which nobody receives, or too slowly.\n");
}

TEST_CASE("a pool whose connections nobody uses has been leaked from", "[unit][doctor]") {
    World world = stuck(2);
    world.facts.peers = {{10, "127.0.0.1:6379", 1}, {10, "127.0.0.1:5432", 3}};
    const auto waiting = frame("database/sql.(*DB).conn", "/go/src/database/sql/sql.go", 1320);
    add_request(world, 31, "select", {waiting, frame("main.items", "/src/shop/main.go", 38)})
        .count = 2;
    auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].id == "pool-used-up");
    CHECK(findings[0].what ==
          "api has no free connection left in a pool: 2 requests wait for one in main.items "
          "(main.go:38), and nobody waits for an answer by those that it has: they have been taken "
          "and not given back.");
    CHECK(findings[0].evidence[1] == "it has 3 connections to 127.0.0.1:5432");
    CHECK(findings[0].fix ==
          "give them back: rows.Close() of what a query gives, Commit or Rollback of each "
          "transaction, Close or Release of a connection; devstack restart api for now");

    const auto query = frame("database/sql.(*DB).QueryContext", "/go/src/database/sql/sql.go", 9);
    add_request(world, 32, "IO wait", {query, frame("main.report", "/src/shop/main.go", 50)})
        .count = 3;
    CHECK(world.said() ==
          "[pool-used-up] api has no free connection left in a pool: 2 requests wait for one in "
          "main.items (main.go:38), and 3 requests wait for answers by those that it has.\n");
}

TEST_CASE("goroutines that wait as they should say nothing", "[unit][doctor]") {
    World world = stuck(1);
    add_request(world, 5, "sleep", {frame("main.slow", "/src/shop/main.go", 84)});
    add_request(world, 6, "select", {frame("main.longPoll", "/src/shop/main.go", 90)});
    add_request(world, 7, "chan receive", {frame("main.job", "/src/shop/main.go", 95)});
    add_worker(world, 8, "chan receive", {frame("main.work", "/src/shop/work.go", 12)});
    add_worker(world, 9, "chan send", {frame("main.produce", "/src/shop/work.go", 30)});
    add_worker(world, 9, "sync.Cond.Wait", {frame("main.queue", "/src/shop/work.go", 40)});
    CHECK(world.findings().empty());
}

TEST_CASE("of a Go service that does not answer it is told where its requests wait",
          "[unit][doctor]") {
    World world = stuck(1);
    DialFact& probe = world.probe("api");
    probe.stage = "first byte";
    probe.status = 0;
    probe.error = "no answer";
    probe.timeout = probe.seconds = 2;
    world.service("api").phase = "unhealthy";
    add_request(world, 5, "chan receive", {frame("main.quote", "/src/shop/quotes.go", 31)});
    for (int thread = 10; thread < 14; ++thread) {
        ThreadFact fact;
        fact.pid = 10;
        fact.thread = thread;
        fact.state = "S";
        fact.system_call = "futex";
        world.facts.threads.push_back(fact);
    }
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].what ==
          "api accepts connections on 127.0.0.1:3101, and gives no answer to /health within 2.0 s: "
          "it hangs in main.quote (quotes.go:31), where it waits to receive from a channel, or "
          "answers after longer than the timeout of 2.0 s.");
    CHECK(findings[0].fix ==
          "look at what the handler of /health waits for (devstack doctor --wait gives it more "
          "time); devstack restart api for now");
}

TEST_CASE("what goroutines wait for is kept with what threads do", "[unit][doctor]") {
    World world = stuck(1);
    add_request(world, 5, "chan send", {frame("main.publish", "/src/shop/cart.go", 25)}).count = 3;
    CHECK(describe_threads(world.facts, "api") ==
          std::vector<std::string>{"3 goroutines [chan send]: main.publish (cart.go:25)"});
    CHECK(describe_threads(world.facts, "web").empty());
}

TEST_CASE("goroutines and peers are kept in JSON", "[unit][doctor]") {
    World world = stuck(1);
    world.facts.peers = {{10, "127.0.0.1:5432", 3}};
    add_request(world, 5, "sleep", {frame("main.slow", "/src/shop/main.go", 84)}).seconds = 61.5;
    const auto facts = parse_facts(to_text(world.facts));
    REQUIRE(facts);
    REQUIRE(facts->goroutines.size() == 1);
    CHECK(facts->goroutines[0].number == 5);
    CHECK(facts->goroutines[0].state == "sleep");
    CHECK(facts->goroutines[0].seconds == 61.5);
    CHECK(facts->goroutines[0].frames[0].function == "main.slow");
    CHECK(facts->goroutines[0].frames[0].line == 84);
    CHECK(facts->peers[0].peer == "127.0.0.1:5432");
}
