#include "support/catch.hpp"
#include "support/test_project.hpp"

using namespace std::chrono_literals;
using namespace devstack::test;

#include <csignal>

#include <nlohmann/json.hpp>

namespace {

const char* const two_services = R"(
[service.db]
command = ["@CHILD@", "print", "db says hello", "then", "wait"]
[service.api]
command = ["@CHILD@", "print", "api says hello", "then", "wait"]
depends_on = ["db"]
)";

int number_in_status(const TestProject& project, const char* name) {
    return nlohmann::json::parse(project.devstack({"status", "--json"}).output).at(name);
}

}  // namespace

TEST_CASE("up in the foreground shows one log and takes everything down on Ctrl-C",
          "[integration][foreground]") {
    TestProject project{two_services};
    RunningCommand up{project.command({"up"})};
    up.await_output("2 services ready after ");
    up.signal(SIGINT);
    const CommandResult end = up.finish();
    INFO(end.output << end.error);
    CHECK(end.code == 0);
    CHECK(end.output.find("db  | db says hello\n") != std::string::npos);
    CHECK(end.output.find("api | api says hello\n") != std::string::npos);
    CHECK(end.output.find("stopping everything; Ctrl-C again kills at once\n") !=
          std::string::npos);
    CHECK(end.output.find("everything has been stopped\n") != std::string::npos);
    CHECK(processes_left_of(project.directory()).empty());
}

TEST_CASE("a second Ctrl-C kills what does not want to go", "[integration][foreground]") {
    TestProject project{"[service.deaf]\ncommand = [\"@CHILD@\", \"ignore-term\"]\n"};
    RunningCommand up{project.command({"up"})};
    up.await_output("1 service ready after ");
    up.signal(SIGINT);
    up.await_output("stopping everything");
    up.signal(SIGINT);
    const CommandResult end = up.finish(5s);
    CHECK(end.code == 0);
    CHECK_FALSE(end.was_late);
    CHECK(end.output.find("killing what is left\n") != std::string::npos);
    CHECK(processes_left_of(project.directory()).empty());
}

TEST_CASE("when the foreground dies, nothing is left behind", "[integration][foreground]") {
    TestProject project{two_services};
    RunningCommand up{project.command({"up"})};
    up.await_output("2 services ready after ");
    up.signal(SIGKILL);
    CHECK(processes_left_of(project.directory()).empty());
}

TEST_CASE("down ends an up in the foreground", "[integration][foreground]") {
    TestProject project{two_services};
    RunningCommand up{project.command({"up"})};
    up.await_output("2 services ready after ");
    CHECK(project.devstack({"down"}).code == 0);
    const CommandResult end = up.finish(5s);
    INFO(end.output << end.error);
    CHECK(end.code == 0);
}

TEST_CASE("an up that looks only when all is over knows that it is", "[integration][foreground]") {
    TestProject project{two_services};
    RunningCommand up{project.command({"up"})};
    up.await_output("2 services ready after ");
    up.signal(SIGSTOP);
    CHECK(project.devstack({"down"}).code == 0);
    up.signal(SIGCONT);
    const CommandResult end = up.finish(5s);
    INFO(end.output << end.error);
    CHECK(end.code == 0);
    CHECK(end.output.find("everything has been stopped\n") != std::string::npos);
    CHECK(end.error.empty());
}

TEST_CASE("an attached up leaves without stopping anything", "[integration][foreground]") {
    TestProject project{two_services};
    project.bring_up();
    const int api = project.pid_of("api");
    RunningCommand up{project.command({"up"})};
    up.await_output("(already running: attached)");
    up.await_output("2 services ready after ");
    up.signal(SIGINT);
    CHECK(up.finish(5s).output.find("left running; devstack down stops it\n") != std::string::npos);
    CHECK(project.pid_of("api") == api);
}

TEST_CASE("all that a service says at its end is shown, however much",
          "[integration][foreground]") {
    TestProject project{R"(
[service.talker]
command = '''trap 'seq -f "%.0f of many" 60000; exit 0' TERM; sleep 1000 & wait'''
)"};
    RunningCommand up{project.command({"up"})};
    up.await_output("1 service ready after ");
    up.signal(SIGINT);
    const CommandResult end = up.finish();
    CHECK(end.code == 0);
    std::size_t lines = 0;
    for (std::size_t at = 0; (at = end.output.find(" of many\n", at)) != std::string::npos; ++at)
        ++lines;
    CHECK(lines == 60'000);
    CHECK(end.output.find("talker | 60000 of many\n") != std::string::npos);
}

TEST_CASE("an attached up stops nothing when its terminal goes", "[integration][foreground]") {
    for (const int signal : {SIGHUP, SIGTERM}) {
        TestProject project{two_services};
        project.bring_up();
        const int api = project.pid_of("api");
        RunningCommand up{project.command({"up"})};
        up.await_output("2 services ready after ");
        up.signal(signal);
        CHECK(up.finish(5s).code == 0);
        CHECK(project.pid_of("api") == api);
        CHECK(project.devstack({"status"}).code == 0);
    }
}

TEST_CASE("a Ctrl-C that comes while there is no daemon is told to the next one",
          "[integration][foreground]") {
    TestProject project{two_services};
    RunningCommand up{project.command({"up"})};
    up.await_output("2 services ready after ");
    const int daemon = number_in_status(project, "daemon_pid");
    kill_process(up.pid(), SIGSTOP);  // What happens now, it sees at once.
    kill_process(daemon, SIGKILL);
    REQUIRE(eventually([&] { return !is_alive(daemon); }));
    up.signal(SIGINT);
    up.signal(SIGCONT);
    const CommandResult end = up.finish();
    INFO(end.output << end.error);
    CHECK(end.code == 0);
    CHECK(end.output.find("everything has been stopped\n") != std::string::npos);
    CHECK(processes_left_of(project.directory()).empty());
}

TEST_CASE("a Ctrl-C does not wait for a daemon that does not come back",
          "[integration][foreground]") {
    TestProject project{two_services};
    RunningCommand up{project.command({"up"})};
    up.await_output("2 services ready after ");
    const int daemon = number_in_status(project, "daemon_pid");
    const int keeper = number_in_status(project, "keeper_pid");
    kill_process(keeper, SIGSTOP);
    kill_process(daemon, SIGKILL);
    up.signal(SIGINT);
    up.await_output("stopping everything; Ctrl-C again kills at once\n");
    up.signal(SIGINT);
    const CommandResult end = up.finish(5s);
    kill_process(keeper, SIGCONT);
    INFO(end.output << end.error);
    CHECK_FALSE(end.was_late);
    CHECK(end.code == 1);
    CHECK(end.error.find("devstack: the daemon is gone and does not come back; see daemon.log and "
                         "daemon.stderr in .devstack/state\n") != std::string::npos);
    // Whoever comes next finds the lifeline cut.
    CHECK(eventually([&] { return processes_left_of(project.directory()).empty(); }));
}
