#include "support/catch.hpp"
#include "support/test_project.hpp"

using namespace std::chrono_literals;
using namespace devstack::test;

#include <csignal>

namespace {

const char* const two_services = R"(
[service.db]
command = ["@CHILD@", "print", "db says hello", "then", "wait"]
[service.api]
command = ["@CHILD@", "print", "api says hello", "then", "wait"]
depends_on = ["db"]
)";

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
    CHECK(up.finish(5s).code == 0);
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
