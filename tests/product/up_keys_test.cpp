#include "support/catch.hpp"
#include "support/test_project.hpp"
#include "support/tmux.hpp"

#include <csignal>

using namespace std::chrono_literals;
using namespace devstack::test;

// What `devstack up` offers on a terminal.

namespace {

const char* const two_services = R"(
[service.db]
command = ["@CHILD@", "print", "db says hello", "then", "wait"]
[service.api]
command = ["@CHILD@", "print", "api says hello", "then", "wait"]
depends_on = ["db"]
)";

struct UpTerminal : Tmux {
    explicit UpTerminal(const TestProject& project)
        : Tmux{project.directory(), {{"DEVSTACK", DEVSTACK_BINARY}}, {100, 50}} {
        enter("stty -g > settings");
        enter("$DEVSTACK up; echo ended with $?");
    }
    void check_restored(const TestProject& project) const {
        enter("stty -g > settings2");
        CHECK(eventually([&] {
            const std::string now = project.read_file("settings2");
            return !now.empty() && now == project.read_file("settings");
        }));
    }
};

}  // namespace

TEST_CASE("up on a terminal takes keys while its log goes on", "[integration][foreground]") {
    TestProject project{two_services};
    const UpTerminal up{project};
    up.await("Ctrl-C stops everything; ? shows what else can be pressed\n");
    SECTION("help and a list") {
        up.press({"?"});
        up.await("  d         leave everything running, and return to the shell\n");
        up.press({"l"});
        up.await("\n  api      ready ");
    }
    SECTION("a service is restarted, its name completed") {
        const int before = project.pid_of("api");
        up.press({"r"});
        up.await("\nrestart which service?");
        up.press({"a", "Tab", "Enter"});
        up.await("restart of api has been asked for\n");
        CHECK(eventually([&] {
            const int now = project.pid_of("api");
            return now != before && now != 0;
        }));
    }
    SECTION("one that is not there is refused, and what is typed can be given up") {
        up.press({"x", "a", "p", "Enter"});
        up.await(
            "devstack: there is no service or task ap (did you mean `api`?); known are db and "
            "api\n");
        up.press({"s"});
        up.await("\nstart which service?");
        up.press({"C-c"});
        up.await_end_of("start which service?");
        CHECK(project.pid_of("db") != 0);
    }
    SECTION("the log is searched") {
        up.press({"/"});
        up.await("\nsearch the log for:");
        up.press({"^api .*o$", "Enter"});
        up.await("--- 1 line with ^api .*o$ ---\napi | api says hello\n--- the log goes on ---\n");
        up.press({"/", "nobody", "Enter"});
        up.await("--- nothing in the log matches nobody ---\n");
        up.press({"/", "(", "Enter"});
        up.await("devstack: cannot search for the pattern \"(\": a ( has no ), or a ) has no (\n");
    }
    SECTION("why") {
        up.press({"y", "api", "Enter"});
        up.await("\n  needs       db (ready)\n");
        up.await("\nlast events:\n");
    }
    SECTION("top, and back") {
        up.press({"t"});
        up.await(" running, 2 of 2 services ready ");
        up.press({"q"});
        up.await("Ctrl-C stops everything; ? shows what else can be pressed\n");
        up.press({"l"});
        up.await("\n  api      ready ");
    }
    up.press({"C-c"});
    up.await("everything has been stopped\nended with 0\n");
    up.check_restored(project);
    CHECK(processes_left_of(project.directory()).empty());
}

TEST_CASE("up is suspended with the terminal as it was, and goes on", "[integration][foreground]") {
    TestProject project{two_services};
    const UpTerminal up{project};
    up.await("? shows what else can be pressed\n");
    up.press({"C-z"});
    up.await("Stopped");
    up.check_restored(project);
    up.enter("fg");
    up.await("\n$DEVSTACK up\n");
    up.press({"l"});
    up.await("\n  api      ready ");
    up.press({"C-c"});
    up.await("everything has been stopped\n");
    up.check_restored(project);
}

TEST_CASE("d leaves everything running", "[integration][foreground]") {
    TestProject project{two_services};
    const UpTerminal up{project};
    up.await("? shows what else can be pressed\n");
    up.press({"d"});
    up.await("left running; devstack down stops it\nended with 0\n");
    up.check_restored(project);
    CHECK(project.pid_of("api") != 0);
}

TEST_CASE("what is still to come is told below the log", "[integration][foreground]") {
    TestProject project{R"(
[service.api]
command = ["@CHILD@", "print", "not yet", "then", "ignore-term"]
ready = { command = "test -e go" }
stop_timeout = "3s"
[service.web]
command = ["@CHILD@", "wait"]
depends_on = ["api"]
)"};
    const UpTerminal up{project};
    up.await("   0 of 2 ready, api starting, web waiting\n");
    project.write_file("go", "");
    up.await("2 services ready after ");
    up.await_end_of("0 of 2 ready");
    up.press({"C-c"});
    up.await("   stopping api\n");
    up.await("everything has been stopped\nended with 0\n");
    up.check_restored(project);
}
