#include "support/catch.hpp"
#include "support/scenario.hpp"

using namespace std::chrono_literals;
using namespace devstack;
using namespace devstack::core;
using namespace devstack::test;

TEST_CASE("a service whose line is awaited is not asked", "[unit][supervisor]") {
    Scenario s{service("api").shows_line("listening")};
    s.start("api");
    CHECK(s.spawned("api") == Trace{"await the line of api#1"});
    CHECK(s.after(59s).empty());
    CHECK(s.explain("api") ==
          "api is starting: pid 101 is not ready yet: no line of its output has matched "
          "\"listening\"");
    CHECK(s.sign_seen("api", "its output says \"listening on 3000\"") ==
          Trace{"api: starting -> ready (its output says \"listening on 3000\")"});
    CHECK(s.supervisor().next_deadline() == std::nullopt);
    CHECK(s.sign_seen("api", "its output says \"listening on 3000\"").empty());
}

TEST_CASE("a service that never shows its line is ended and tried again", "[unit][supervisor]") {
    Scenario s{service("api").shows_line("listening")};
    s.start("api");
    s.spawned("api");
    CHECK(s.after(1min) ==
          Trace{"ask api#1 to stop",
                "api: starting -> stopping (was not ready within 1m: no line of its output has "
                "matched \"listening\")"});
}

TEST_CASE("it is looked where a service listens whose line does not come", "[unit][supervisor]") {
    Scenario s{service("api").shows_line("listening").on_port(3000)};
    s.start("api");
    s.ports_free("api");
    s.spawned("api");
    CHECK(s.after(3s) == Trace{"compare listening of api#1"});
    s.listening_compared("api", {"api declared port 3000 and listens on 3001"});
    CHECK(s.after(3s) == Trace{"compare listening of api#1"});
    CHECK(s.explain("api").ends_with(
        "has matched \"listening\"; api declared port 3000 and listens on 3001"));
}

TEST_CASE("health is asked for from the line on", "[unit][supervisor]") {
    Scenario s{service("api").shows_line("listening").with_health()};
    s.start("api");
    s.spawned("api");
    s.sign_seen("api", "its output says \"listening\"");
    CHECK(s.after(10s) == Trace{"ask api#1: is it healthy"});
}

TEST_CASE("a line is awaited again after the daemon's death", "[unit][supervisor]") {
    Scenario s{service("api").shows_line("listening")};
    s.start("api");
    s.spawned("api");
    CHECK(s.daemon_dies({"api"}).front() == "await the line of api#1");
    CHECK(s.phase("api") == "starting");
}
