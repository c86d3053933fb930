#include "support/catch.hpp"
#include "support/test_project.hpp"

using namespace std::chrono_literals;
using namespace devstack::test;

#include <csignal>
#include <sstream>

namespace {

int keeper_of(const TestProject& project) {
    const std::string status = project.devstack({"status", "--json"}).output;
    const std::size_t at = status.find("\"keeper_pid\":");
    REQUIRE(at != std::string::npos);
    return std::stoi(status.substr(at + 13));
}

}  // namespace

TEST_CASE("down leaves nothing, whatever the children do", "[integration][stop]") {
    TestProject project{R"(
[service.willing]
command = ["@CHILD@", "wait"]
[service.deaf]
command = ["@CHILD@", "ignore-term"]
stop_timeout = "300ms"
[service.stray]
command = ["@CHILD@", "fork-leave", "then", "wait"]
stop_timeout = "300ms"
[service.pipes]
command = ["@CHILD@", "hold-pipe", "then", "wait"]
stop_timeout = "300ms"
[service.frozen]
command = ["@CHILD@", "wait"]
[service.shell]
command = "sleep 1000 & sleep 1000"
)"};
    project.bring_up();
    kill_process(project.pid_of("frozen"), SIGSTOP);
    const CommandResult down = project.devstack({"down"}, 10s);
    INFO(down.output << down.error);
    CHECK(down.code == 0);
    CHECK_FALSE(down.was_late);
    CHECK(processes_left_of(project.directory()).empty());
}

// Killed one by one they would be there again before the last one is dead.
TEST_CASE("what starts processes faster than they can be killed is ended", "[integration][stop]") {
    TestProject project{R"(
[service.hydra]
command = ["@CHILD@", "hydra", "12"]
ready = { log = "12 heads" }
stop_timeout = "100ms"
restart = { policy = "no" }
)"};
    project.bring_up();
    SECTION("as a whole") {}
    SECTION("when its first process is dead") {
        const std::size_t before = project.events_so_far();
        kill_process(project.pid_of("hydra"), SIGKILL);
        project.await_phase("hydra", "failed", 10s, before);
    }
    SECTION("when its keeper is dead") {
        kill_process(keeper_of(project), SIGKILL);
        CHECK(processes_left_of(project.directory()).empty());
    }
    const CommandResult down = project.devstack({"down"}, 10s);
    INFO(down.output << down.error);
    CHECK(down.code == 0);
    CHECK_FALSE(down.was_late);
    CHECK(processes_left_of(project.directory()).empty());
}

TEST_CASE("a crash takes its leftovers along before the next run", "[integration][stop]") {
    TestProject project{R"(
[service.api]
command = ["@CHILD@", "fork-leave", "then", "wait"]
stop_timeout = "200ms"
restart = { policy = "on-failure", delay = "10ms" }
)"};
    project.bring_up();
    const std::string log = project.read_file(".devstack/logs/api.log");
    const int stray = std::stoi(log.substr(log.find("left ") + 5));
    CHECK(is_alive(stray));
    const std::size_t before = project.events_so_far();
    kill_process(project.pid_of("api"), SIGKILL);
    const std::string why = project.await_phase("api", "stopping", 10s, before);
    CHECK(why.find("was killed by SIGKILL and left 1 process behind (pid " +
                   std::to_string(stray)) == 0);
    project.await_phase("api", "ready", 10s, before);
    CHECK_FALSE(is_alive(stray));
}

TEST_CASE("a service that daemonises itself does not get away", "[integration][stop]") {
    TestProject project{R"(
[service.daemon]
command = ["@CHILD@", "daemonize", "then", "wait"]
stop_timeout = "200ms"
)"};
    project.devstack({"up", "-d"});
    project.await_phase("daemon", "completed");
    CHECK(project.devstack({"down"}).code == 0);
    CHECK(processes_left_of(project.directory()).empty());
}

// In a session of its own, without our variables, and its parent gone: nothing but its port tells.
TEST_CASE("who hides from its service is found by its port", "[integration][stop]") {
    const std::string port = std::to_string(free_port());
    TestProject project{"[service.web]\ncommand = 'env -i setsid @CHILD@ listen " + port +
                        " & exec @CHILD@ wait'\nport = " + port + "\n"};
    project.bring_up();
    const CommandResult stop = project.devstack({"stop", "web"});
    INFO(stop.output << stop.error);
    CHECK(stop.code == 0);
    const std::string events = project.devstack({"events"}).output;
    const std::size_t told =
        events.find("web: port " + port + " is held by devstack_testchild (pid ");
    CHECK(told != std::string::npos);
    CHECK(events.find("which it has left behind; it is being stopped", told) != std::string::npos);
}

TEST_CASE("stop takes dependents down first and leaves the rest", "[integration][stop]") {
    TestProject project{R"(
[service.db]
command = ["@CHILD@", "wait"]
[service.api]
command = ["@CHILD@", "wait"]
depends_on = ["db"]
[service.web]
command = ["@CHILD@", "wait"]
depends_on = ["api"]
)"};
    project.bring_up();
    const CommandResult stop = project.devstack({"stop", "api"});
    INFO(stop.output << stop.error);
    CHECK(stop.code == 0);
    CHECK(project.pid_of("web") == 0);
    CHECK(project.pid_of("api") == 0);
    CHECK(project.pid_of("db") != 0);
    CHECK(project.devstack({"start", "web"}).code == 0);
    CHECK(project.pid_of("web") != 0);
}

TEST_CASE("when the keeper is killed every service is ended", "[integration][stop]") {
    TestProject project{
        "[service.api]\ncommand = [\"@CHILD@\", \"ignore-term\"]\nstop_timeout = \"200ms\"\n"
        // The shell ends with the keeper, what it has started hears of it from the daemon.
        "[service.web]\ncommand = \"sleep 1000; true\"\n"};
    project.bring_up();
    kill_process(keeper_of(project), SIGKILL);
    CHECK(processes_left_of(project.directory()).empty());
}

// What the daemon has to say at the end of so many does not fit into the channel at once.
TEST_CASE("a big project ends for good", "[integration][stop]") {
    std::string profile;
    for (int i = 0; i < 400; ++i) {
        profile += "[service.s" + std::to_string(i) + "]\ncommand = [\"@CHILD@\", \"wait\"]\n";
    }
    const TestProject project{profile};
    project.bring_up();
    const CommandResult down = project.devstack({"down"}, 60s);
    INFO(down.output << down.error);
    CHECK(down.code == 0);
    CHECK_FALSE(down.was_late);
    CHECK(project.read_file(".devstack/state/daemon.stderr").find("started again") ==
          std::string::npos);
    CHECK(processes_left_of(project.directory()).empty());
}
