#include "support/catch.hpp"
#include "support/test_project.hpp"

using namespace std::chrono_literals;
using namespace devstack::test;

#include <csignal>

TEST_CASE("the demo comes up, recovers from a kill and goes without a trace",
          "[integration][demo]") {
    TestProject project{"[service.unused]\ncommand = \"true\"\n"};
    const CommandResult up = project.devstack({"up", "demo", "--wait", "--timeout", "30s"});
    INFO(up.output << up.error);
    REQUIRE(up.code == 0);
    CHECK(up.output.find("http://localhost:5300/") != std::string::npos);

    const CommandResult page =
        run_command({{"/usr/bin/curl", "-s", "http://localhost:5300/"}, "", {}});
    CHECK(page.output.find("You are visitor number ") != std::string::npos);

    const int api = project.pid_of("api");
    const std::size_t before = project.events_so_far();
    kill_process(api, SIGKILL);
    project.await_phase("api", "ready", 20s, before);
    CHECK(project.pid_of("api") != api);
    CHECK(project.devstack({"down"}).code == 0);
    CHECK(processes_left_of(project.directory()).empty());
}
