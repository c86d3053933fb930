#include "support/catch.hpp"
#include "support/scenario.hpp"

using namespace std::chrono_literals;
using namespace devstack;
using namespace devstack::core;
using namespace devstack::test;

namespace {

Scenario lazy() {
    Scenario s{service("api").with_socket(3000).on_demand()};
    s.start("api");
    s.ports_free("api");
    s.sockets_opened("api");
    return s;
}

/// Its process lives, because somebody has connected.
Scenario called() {
    Scenario s = lazy();
    s.connected("api");
    s.ports_free("api");
    s.sockets_opened("api");
    s.spawned("api");
    return s;
}

}  // namespace

TEST_CASE("sockets are opened before a service is spawned, and stay open", "[unit][supervisor]") {
    Scenario s{service("api").with_socket(3000)};
    CHECK(s.start("api").front() == "scan ports of api#1");
    CHECK(s.ports_free("api") == Trace{"open the sockets of api#1"});
    CHECK(s.explain("api") == "api is starting: its sockets are being opened");
    CHECK(s.sockets_opened("api") == Trace{"spawn api#1"});
    s.spawned("api");
    // Everybody can connect to the socket: that proves nothing.
    CHECK(s.after(1s) ==
          Trace{"compare listening of api#1", "api: starting -> ready (has been alive for 1s)"});
    const Trace restarted = s.restart("api");
    CHECK(restarted.front() == "ask api#1 to stop");
    for (const std::string& line : s.exited("api", {0, 15}))
        CHECK(line != "close the sockets of api");
    s.ports_free("api");
    s.sockets_opened("api");
    s.spawned("api");
    s.stop("api");
    CHECK(s.exited("api", {0, 15}).front() == "close the sockets of api");
}

TEST_CASE("sockets are closed when nobody will come", "[unit][supervisor]") {
    Scenario s{service("api").with_socket(3000)};
    s.start("api");
    s.ports_free("api");
    SECTION("they can not be opened") {
        CHECK(s.spawn_failed("api", "cannot listen on 127.0.0.1:80: Permission denied") ==
              Trace{"close the sockets of api",
                    "api: starting -> failed (cannot listen on 127.0.0.1:80: Permission denied)"});
    }
    SECTION("the service is stopped while they are opened") {
        CHECK(s.stop("api").front() == "close the sockets of api");
        CHECK(s.sockets_opened("api").empty());
    }
    SECTION("the service has done its work") {
        s.sockets_opened("api");
        s.spawned("api");
        CHECK(s.exited("api", {0, 0}).front() == "close the sockets of api");
    }
}

TEST_CASE("a service on demand waits for the first connection", "[unit][supervisor]") {
    Scenario s{service("api").with_socket(3000).on_demand(), service("web").after("api")};
    s.start("web");
    s.ports_free("api");
    CHECK(s.sockets_opened("api") ==
          Trace{"await a connection to api",
                "spawn web#1",
                "api: starting -> waiting (starts at the first connection to port 3000)",
                "web: waiting -> starting (all it needs is there)"});
    CHECK(s.explain("api") == "api is waiting: starts at the first connection to port 3000");
    CHECK(s.connected("api") ==
          Trace{"scan ports of api#2",
                "api: waiting -> starting (somebody has connected to port 3000)"});
    s.ports_free("api");
    CHECK(s.sockets_opened("api") == Trace{"spawn api#2"});
    CHECK(s.connected("api").empty());
}

TEST_CASE("a service on demand that ends well waits again", "[unit][supervisor]") {
    Scenario s = called();
    s.after(10s);
    s.exited("api", {0, 0});
    s.ports_free("api");
    CHECK(s.sockets_opened("api").front() == "await a connection to api");
}

TEST_CASE("a service on demand that ends at once is not started without end",
          "[unit][supervisor]") {
    Scenario s = called();
    CHECK(s.exited("api", {0, 0}).back() == "api: starting -> backing-off (exited with code 0)");
    int starts = 1;
    for (; s.phase("api") != "failed" && starts < 20; ++starts) {
        s.after(9s);
        s.ports_free("api");
        s.sockets_opened("api");
        s.connected("api");
        s.ports_free("api");
        s.sockets_opened("api");
        s.spawned("api");
        s.exited("api", {0, 0});
    }
    CHECK(starts == 6);
    CHECK(s.explain("api") ==
          "api is failed: exited with code 0; given up after 5 restarts within 1m");
}

TEST_CASE("a stop ends the wait for a connection", "[unit][supervisor]") {
    Scenario s = lazy();
    CHECK(s.stop("api") ==
          Trace{"close the sockets of api", "api: waiting -> stopped (asked to stop)"});
    CHECK(s.connected("api").empty());
}

TEST_CASE("the next daemon has the sockets and waits on", "[unit][supervisor]") {
    SECTION("for the first connection") {
        Scenario s = lazy();
        CHECK(s.daemon_dies({}).front() == "await a connection to api");
        CHECK(s.explain("api") == "api is waiting: starts at the first connection to port 3000");
        CHECK(s.connected("api").front() == "scan ports of api#2");
    }
    SECTION("but who was called starts") {
        Scenario s = lazy();
        s.connected("api");
        s.ports_free("api");
        CHECK(s.daemon_dies({}).front() == "open the sockets of api#2");
        CHECK(s.sockets_opened("api") == Trace{"spawn api#2"});
    }
}
