// A server whose only thread a client holds.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

/// api, with one thread, is asked and does not answer.
World held_world(const std::string& peer) {
    World world;
    ProcessFact& process = *std::ranges::find(world.facts.processes, 10, &ProcessFact::pid);
    process.threads = 1;
    process.runtime = "python";
    ThreadFact thread;
    thread.pid = thread.thread = 10;
    thread.name = "python3";
    thread.state = "S";
    thread.system_call = "recvfrom";
    thread.peer = peer;
    thread.frames = {"<module> (api.py:8)"};
    thread.language = "python";
    world.facts.threads = {thread};
    DialFact asked = world.probe("api");
    asked.id = asked.purpose = "asked";
    asked.path = "/status";
    asked.status = 0;
    asked.stage = "first byte";
    asked.error = "no answer";
    asked.seconds = asked.timeout = 0.9;
    world.facts.dials.push_back(asked);
    return world;
}

}  // namespace

TEST_CASE("a client that holds the only thread of a server is told", "[unit][doctor]") {
    const World world = held_world("127.0.0.1:54950");
    const Finding finding = world.findings().at(0);
    CHECK(finding.id == "only-thread-held");
    CHECK(
        finding.what ==
        "api (pid 10) serves one connection at a time, and the client at 127.0.0.1:54950 holds it "
        "open and sends nothing: all others wait, with its only thread in <module> (api.py:8).");
    CHECK(
        finding.fix ==
        "take a server with threads or an event loop (ThreadingHTTPServer in Python), or close "
        "each connection after its answer (Connection: close); ss -tnp sport = :54950 shows whose "
        "the client is");
}

TEST_CASE("a server that waits for another one, or has threads left, is not", "[unit][doctor]") {
    CHECK(held_world("127.0.0.1:5432").findings().at(0).id != "only-thread-held");
    CHECK(held_world("192.0.2.7:54950").findings().at(0).id != "only-thread-held");
    World listener = held_world("127.0.0.1:54950");
    listener.facts.listeners.back().port = 54950;
    CHECK(listener.findings().at(0).id != "only-thread-held");
    World threads = held_world("127.0.0.1:54950");
    std::ranges::find(threads.facts.processes, 10, &ProcessFact::pid)->threads = 4;
    CHECK(threads.findings().at(0).id != "only-thread-held");
}
