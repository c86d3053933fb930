#include "devstack/core/probes/probe.hpp"

#include "support/catch.hpp"

using namespace devstack;
using namespace devstack::core;

TEST_CASE("a probe is described by what it does", "[unit][probes]") {
    UrlProbe url;
    url.url = "http://localhost:3101/health";
    CHECK(describe(url) == "GET http://localhost:3101/health");
    CHECK(describe(TcpProbe{"localhost", Port{5432}}) == "connect to localhost:5432");
    CHECK(describe(TcpProbe{"::1", Port{5432}}) == "connect to [::1]:5432");
    CHECK(describe(CommandProbe{{{"pg_isready", "-h", "my host"}}}) ==
          "run pg_isready -h 'my host'");
    CHECK(describe(CommandProbe{CommandLine::shell("a && b")}) == "run a && b");
}
