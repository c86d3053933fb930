#include "support/catch.hpp"
#include "support/test_project.hpp"

using namespace std::chrono_literals;
using namespace devstack::test;

#include <csignal>

TEST_CASE("a port that somebody holds blocks, is named, and is taken when free",
          "[integration][ports]") {
    const std::string port = std::to_string(free_port());
    RunningCommand holder{{{DEVSTACK_TESTCHILD, "listen", port}, "/", {}}};
    holder.await_output("listening");
    TestProject project{R"(
[service.api]
command = ["@CHILD@", "listen", ")" +
                        port + R"("]
port = )" + port + "\n"};
    CHECK(project.devstack({"up", "-d"}).code == 0);
    const std::string why = project.await_phase("api", "blocked");
    INFO(why);
    CHECK(why.find("port " + port + " is held by devstack_testchild (pid " +
                   std::to_string(holder.pid()) + ", user ") == 0);

    holder.signal(SIGKILL);
    holder.finish();
    project.await_phase("api", "ready");
}

TEST_CASE("up --free-ports ends the holder", "[integration][ports]") {
    const std::string port = std::to_string(free_port());
    RunningCommand holder{{{DEVSTACK_TESTCHILD, "listen", port}, "/", {}}};
    holder.await_output("listening");
    TestProject project{R"(
[service.api]
command = ["@CHILD@", "listen", ")" +
                        port + R"("]
port = )" + port + "\n"};
    CHECK(project.devstack({"up", "--free-ports", "--wait"}).code == 0);
    CHECK(holder.finish(5s).code == 128 + SIGTERM);
}

TEST_CASE("a service that listens elsewhere than declared is told so", "[integration][ports]") {
    const std::string declared = std::to_string(free_port());
    const std::string real = std::to_string(free_port());
    TestProject project{R"(
[service.api]
command = ["@CHILD@", "listen", ")" +
                        real + R"("]
port = )" + declared + R"(
ready = { tcp = "127.0.0.1:)" +
                        real + R"(" }
)"};
    const CommandResult up = project.devstack({"up", "--wait"});
    CHECK(up.code == 0);
    CHECK(up.output.find("note: api declared port " + declared + " and listens on " + real) !=
          std::string::npos);
}

TEST_CASE("ports names who listens", "[integration][ports]") {
    const std::string port = std::to_string(free_port());
    TestProject project{R"(
[service.api]
command = ["@CHILD@", "listen", ")" +
                        port + R"("]
port = )" + port + "\n"};
    project.bring_up();
    const CommandResult ports = project.devstack({"ports", port});
    CHECK(ports.code == 0);
    CHECK(ports.output.find(std::to_string(project.pid_of("api"))) != std::string::npos);
    CHECK(ports.output.find("api") != std::string::npos);
}

TEST_CASE("a service that listens on another port than declared says so while it is awaited",
          "[integration][ports]") {
    const std::string declared = std::to_string(free_port());
    const std::string real = std::to_string(free_port());
    TestProject project{"[service.api]\ncommand = [\"@CHILD@\", \"listen\", \"" + real +
                        "\"]\nport = " + declared + "\n"};
    REQUIRE(project.devstack({"up", "-d"}).code == 0);
    const std::string difference = "api declared port " + declared + " and listens on " + real;
    const CommandResult up = project.devstack({"up", "--wait", "--timeout", "5s"});
    CHECK(up.code == 1);
    CHECK(up.output.find("connection refused") != std::string::npos);
    CHECK(up.output.find("; " + difference + "\n") != std::string::npos);
    const CommandResult why = project.devstack({"why", "api"});
    CHECK(why.output.find("; " + difference + "\n") != std::string::npos);
}
