#include "support/catch.hpp"
#include "support/scenario.hpp"

using namespace std::chrono_literals;
using namespace devstack;
using namespace devstack::core;
using namespace devstack::test;

namespace {

PortHolder stranger() {
    return {Port{3101}, "127.0.0.1", 4711, "node", "chi", "09:12", "/home/chi/shop"};
}

}  // namespace

TEST_CASE("ports are looked at before every start", "[unit][supervisor][ports]") {
    Scenario s{service("api").on_port(3101)};
    CHECK(s.start("api") ==
          Trace{"scan ports of api#1", "api: stopped -> starting (it was asked for)"});
    CHECK(s.ports_free("api") == Trace{"spawn api#1"});
    s.spawned("api");
    s.exited("api", {1, 0});
    CHECK(s.after(1s).front() == "scan ports of api#2");
}

TEST_CASE("a held port blocks, says who holds it, and is taken when it is free",
          "[unit][supervisor][ports]") {
    Scenario s{service("api").on_port(3101)};
    s.start("api");
    CHECK(s.ports_held("api", stranger()) ==
          Trace{"api: starting -> blocked (port 3101 is held by node (pid 4711, user chi, since "
                "09:12, /home/chi/shop))"});
    CHECK(s.explain("api") ==
          "api is blocked: port 3101 is held by node (pid 4711, user chi, since 09:12, "
          "/home/chi/shop); it starts by itself when the port is free");
    CHECK(s.after(1999ms).empty());
    CHECK(s.after(1ms) == Trace{"scan ports of api#1"});
    CHECK(s.supervisor().next_deadline() == std::nullopt);
    CHECK(s.ports_held("api", stranger()).empty());
    s.after(2s);
    CHECK(s.ports_free("api") ==
          Trace{"spawn api#1", "api: blocked -> starting (port 3101 is free now)"});
    CHECK(s.supervisor().snapshot({0}).restarts == 0);
}

TEST_CASE("a port that nobody holds any more is looked at often, for ten seconds",
          "[unit][supervisor][ports]") {
    Scenario s{service("api").on_port(3101)};
    s.start("api");
    PortHolder teardown{Port{3101}, "127.0.0.1"};
    teardown.is_teardown = true;
    CHECK(s.ports_held("api", teardown) ==
          Trace{"api: starting -> blocked (port 3101 is still being closed by the kernel)"});
    for (int i = 0; i < 40; ++i) {
        CHECK(s.after(250ms) == Trace{"scan ports of api#1"});
        s.ports_held("api", teardown);
    }
    CHECK(s.after(250ms).empty());
    CHECK(s.after(1750ms) == Trace{"scan ports of api#1"});
}

TEST_CASE("a leftover of our own is ended in development and named in host mode",
          "[unit][supervisor][ports]") {
    PortHolder leftover = stranger();
    leftover.is_leftover = true;
    SECTION("development") {
        Scenario s{service("api").on_port(3101)};
        s.start("api");
        CHECK(
            s.ports_held("api", leftover) ==
            Trace{"free ports of api#1",
                  "api: starting -> blocked (port 3101 is held by node (pid 4711, user chi, since "
                  "09:12, /home/chi/shop), a leftover of an earlier run of this project; it is "
                  "being stopped)"});
        s.after(2s);
        CHECK(s.ports_held("api", leftover).empty());
    }
    SECTION("host") {
        Scenario s{{service("api").on_port(3101)}, Mode::host};
        s.start("api");
        CHECK(
            s.ports_held("api", leftover) ==
            Trace{"api: starting -> blocked (port 3101 is held by node (pid 4711, user chi, since "
                  "09:12, /home/chi/shop), a leftover of an earlier run of this project)"});
    }
}

TEST_CASE("a blocked service stops at once when it is no longer wanted",
          "[unit][supervisor][ports]") {
    Scenario s{service("api").on_port(3101)};
    s.start("api");
    s.ports_held("api", stranger());
    CHECK(s.stop("api") == Trace{"api: blocked -> stopped (asked to stop)"});
    CHECK(s.ports_free("api").empty());
}

TEST_CASE("after the start the real sockets are compared with the declared ones",
          "[unit][supervisor][ports]") {
    Scenario s{service("api").on_port(3002)};
    s.start("api");
    s.ports_free("api");
    s.spawned("api");
    s.after(50ms);
    CHECK(s.probe_passed("api") ==
          Trace{"compare listening of api#1", "api: starting -> ready (answered)"});
    CHECK(s.listening_compared("api", {"api declared port 3002 and listens on 3001"}) ==
          Trace{"api: api declared port 3002 and listens on 3001"});
    CHECK(s.supervisor().snapshot({0}).differences ==
          std::vector<std::string>{"api declared port 3002 and listens on 3001"});
}

TEST_CASE("a service that does not get ready because it listens elsewhere says so",
          "[unit][supervisor][ports]") {
    Scenario s{service("api").on_port(3002)};
    s.start("api");
    s.ports_free("api");
    s.spawned("api");
    s.after(50ms);
    CHECK(s.probe_failed("api", "connection refused").empty());
    s.after(3s);
    CHECK(s.probe_failed("api", "connection refused") == Trace{"compare listening of api#1"});
    const std::string difference = "api declared port 3002 and listens on 3001";
    CHECK(s.listening_compared("api", {difference}) == Trace{"api: " + difference});
    CHECK(s.listening_compared("api", {difference}).empty());
    CHECK(s.supervisor().explain({0}).ends_with(" is not ready yet: connection refused; " +
                                                difference));
    s.after(57s);
    CHECK(s.supervisor().explain({0}).find("was not ready within 1m: connection refused; " +
                                           difference) != std::string::npos);
}

TEST_CASE("a holder is described as far as it can be seen", "[unit][supervisor][ports]") {
    PortHolder hidden{Port{80}, "0.0.0.0"};
    hidden.user = "www-data";
    CHECK(describe(hidden) ==
          "port 80 is held by a process of user www-data that we may not see (run as root to name "
          "it)");
    PortHolder sibling{Port{80}, "0.0.0.0", 12, "node"};
    sibling.service = "web";
    CHECK(describe(sibling) == "port 80 is held by web of this project (pid 12)");
}
