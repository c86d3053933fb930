#include "support/catch.hpp"
#include "support/test_project.hpp"

using namespace std::chrono_literals;
using namespace devstack::test;

TEST_CASE("output arrives byte for byte", "[integration][logs]") {
    TestProject project{R"(
[service.odd]
command = '''printf 'a\0b\033[31mred\033[0m\r50%%\r100%%\n\377\376\nno end' '''
)"};
    project.devstack({"up", "--wait"});
    CHECK(project.read_file(".devstack/logs/odd.log") ==
          std::string("a\0b\033[31mred\033[0m\r50%\r100%\n\377\376\nno end", 34));
}

TEST_CASE("the last words before an exit are there", "[integration][logs]") {
    TestProject project{R"(
[service.flood]
command = ["@CHILD@", "flood", "3000000", "then", "print", "last word", "then", "exit", "1"]
restart = "no"
)"};
    CHECK(project.devstack({"up", "--wait"}).code == 1);
    const std::string log = project.read_file(".devstack/logs/flood.log");
    CHECK(log.size() == 3000000 + 10);
    CHECK(log.ends_with("\nlast word\n"));
}

TEST_CASE("logs shows, filters and follows", "[integration][logs]") {
    TestProject project{R"(
[service.api]
command = ["@CHILD@", "lines", "100", "line", "0", "then", "print-err", "an error", "then", "wait"]
[service.web]
command = ["@CHILD@", "print", "web here", "then", "wait"]
)"};
    project.bring_up();
    CHECK(project.devstack({"logs", "api", "-n", "2"}).output.find("line 100\n") !=
          std::string::npos);
    const CommandResult found = project.devstack({"logs", "api", "--grep", "line 9[0-3]"});
    CHECK(found.output.find("line 90\n") != std::string::npos);
    CHECK(found.output.find("line 93\n") != std::string::npos);
    CHECK(found.output.find("line 94\n") == std::string::npos);

    SECTION("also after everything has been stopped") {
        project.devstack({"down"});
        CHECK(project.devstack({"logs", "web"}).output.find("web here\n") != std::string::npos);
    }
    SECTION("and what comes later") {
        RunningCommand follow{project.command({"logs", "-f", "web", "-n", "1"})};
        follow.await_output("web here\n");
        REQUIRE(project.devstack({"restart", "web"}).code == 0);
        follow.await_output("web here\n");
    }
}
