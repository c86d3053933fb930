#include "support/catch.hpp"
#include "support/test_project.hpp"
#include "support/tmux.hpp"

#include <csignal>
#include <regex>

#include <nlohmann/json.hpp>

using namespace std::chrono_literals;
using namespace devstack::test;

// `devstack top` in a real terminal.

namespace {

const char* const three_services = R"(
[project]
name = "shop"
[service.db]
command = ["@CHILD@", "print", "db says hello", "then", "wait"]
[service.api]
command = ["@CHILD@", "print", "listening on 3101", "then", "print", "warning: 日本語", "then", "wait"]
depends_on = ["db"]
[service.web]
command = ["@CHILD@", "wait"]
depends_on = ["api"]
)";

std::map<std::string, std::string> environment_of(const TestProject& project) {
    std::map<std::string, std::string> environment = project.environment;
    environment["DEVSTACK"] = DEVSTACK_BINARY;
    return environment;
}

int number_in_status(const TestProject& project, const char* name) {
    return nlohmann::json::parse(project.devstack({"status", "--json"}).output).at(name);
}

/// A terminal in which top runs, and what its settings were before.
struct TopTerminal : Tmux {
    explicit TopTerminal(const TestProject& project,
                         const std::string& before = "",
                         Size size = {80, 24})
        : Tmux{project.directory(), environment_of(project), size} {
        enter("echo before; stty -g > settings");
        await("\nbefore");
        enter(before + "$DEVSTACK top; echo ended with $?");
        await("? help");
    }
    /// The terminal is as it was.
    void check_restored(const TestProject& project) const {
        await("ended with");
        const std::string seen = await("ready$ echo before");
        CHECK(seen.find("? help") == std::string::npos);
        enter("clear; stty -g > settings2; echo compared");
        await("\nready$");
        CHECK(eventually(
            [&] { return project.read_file("settings2") == project.read_file("settings"); }));
        CHECK(flag("cursor_flag") == "1");
        CHECK(flag("alternate_on") == "0");
    }
};

}  // namespace

TEST_CASE("top shows services and logs, acts by key and leaves the terminal as it was",
          "[integration][top]") {
    TestProject project{three_services};
    project.bring_up();
    const TopTerminal top{project};
    const std::string seen = top.await("db says hello");
    CHECK(seen.find(" shop  running, 3 of 3 services ready ") == 0);
    CHECK(seen.find("api     | warning: 日本語\n") == std::string::npos);  // Columns fit the names.
    CHECK(seen.find("api | warning: 日本語\n") != std::string::npos);

    SECTION("a service is restarted") {
        const int before = project.pid_of("api");
        top.press({"Down", "r"});
        top.await("api * ready: ");
        CHECK(eventually([&] {
            const int now = project.pid_of("api");
            return now != before && now != 0;
        }));
    }
    SECTION("a service is stopped and started, and what needs it with it") {
        top.press({"Down", "x"});
        top.await("running, 1 of 1 service ready");
        top.press({"Down", "s"});
        top.await("running, 3 of 3 services ready");
    }
    SECTION("a signal ends one, which is told") {
        top.press({"S"});
        top.await("signal for db:");
        top.press({"KILL", "Enter"});
        top.await("db  * backing-off: was killed by SIGKILL");
        top.await("db  * ready: ");
    }
    SECTION("the log is searched") {
        top.press({"/", "hel+o", "Enter"});
        top.await("1 line of the ");
        const std::regex marked{
            "db says (\x1b\\[[0-9;]*m)*\x1b\\[([0-9]+;)*7m(\x1b\\[[0-9;]*m)*hello"};
        const std::string colours = top.screen(true);
        INFO(colours);
        CHECK(std::regex_search(colours, marked));
        top.press({"/", "(", "Enter"});
        top.await("cannot search for the pattern \"(\": a ( has no ), or a ) has no (");
    }
    SECTION("the log of one service is shown alone, and all again") {
        top.press({"Enter"});
        top.await("log of db");
        top.await("\n| db says hello");
        CHECK(top.screen().find("listening on 3101") == std::string::npos);
        top.press({"Enter"});
        top.await("api | listening on 3101");
    }
    SECTION("pages for why, needs and help") {
        top.press({"y"});
        top.await("\n  wanted      yes");
        top.await("\nlast events:");
        top.press({"q", "d"});
        top.await("└─ api");
        top.press({"q", "?"});
        top.await("end the search");
        top.press({"q"});
    }
    SECTION("it takes another size") {
        top.resize({120, 40});
        top.await("UPTIME");
        top.resize({40, 10});
        top.await_end_of("HEALTH ");
        top.resize({80, 24});
        top.await("MEMORY");
    }
    top.press({"q"});
    top.await("ended with 0");
    top.check_restored(project);
}

TEST_CASE("top is suspended like any program, and goes on", "[integration][top]") {
    TestProject project{three_services};
    project.bring_up();
    const TopTerminal top{project};
    top.press({"C-z"});
    top.await("Stopped");
    CHECK(top.screen().find("? help") == std::string::npos);
    CHECK(top.flag("alternate_on") == "0");
    top.enter("fg; echo it ended with $?");
    top.await("? help");
    top.press({"q"});
    top.await("it ended with 0");
    top.check_restored(project);
}

TEST_CASE("top ends by signals with the terminal as it was", "[integration][top]") {
    TestProject project{three_services};
    project.bring_up();
    const auto [signal, code] = GENERATE(table<std::string, std::string>({
        {"INT", "0"},
        {"TERM", "143"},
        {"HUP", "129"},
        {"QUIT", "131"},
        {"ABRT", "134"},
        {"SEGV", "139"},
    }));
    const TopTerminal top{project, "ulimit -c 0; echo $BASHPID > shell; "};
    top.await("db says hello");
    const std::string shell = project.read_file("shell");
    const CommandResult sent = run_command(
        {{"/usr/bin/pkill", "-" + signal, "-P", shell.substr(0, shell.find('\n'))}, "", {}});
    CHECK(sent.code == 0);
    top.await("ended with " + code);
    top.check_restored(project);
}

TEST_CASE("top outlives a daemon that is killed", "[integration][top]") {
    TestProject project{three_services};
    project.bring_up();
    const TopTerminal top{project};
    top.await("db says hello");
    const int daemon = number_in_status(project, "daemon_pid");
    kill_process(daemon, SIGKILL);
    REQUIRE(eventually([&] {
        const CommandResult status = project.devstack({"status", "--json"});
        return status.code == 0 && nlohmann::json::parse(status.output).at("daemon_pid") != daemon;
    }));
    // What it shows after that comes from the next one.
    top.press({"Down", "r"});
    top.await("api * ready: ");
    top.await("3 of 3 services ready");
    CHECK(top.screen().find("lost the daemon") == std::string::npos);
    top.press({"q"});
    top.await("ended with 0");
}

TEST_CASE("top says when the project is stopped, or gone for good", "[integration][top]") {
    TestProject project{three_services};
    project.bring_up();
    const TopTerminal top{project};
    SECTION("down ends it") {
        CHECK(project.devstack({"down"}).code == 0);
        top.await("devstack: shop has been stopped\nended with 0\n");
    }
    SECTION("nobody is left to bring the daemon back") {
        const int daemon = number_in_status(project, "daemon_pid");
        kill_process(number_in_status(project, "keeper_pid"), SIGKILL);
        kill_process(daemon, SIGKILL);
        top.await("devstack: the daemon of shop is gone and does not come back (");
        top.await("\nended with 1\n");
    }
    top.check_restored(project);
}

TEST_CASE("top without colours has none", "[integration][top]") {
    TestProject project{three_services};
    project.environment["NO_COLOR"] = "1";
    project.bring_up();
    const TopTerminal top{project};
    top.await("db says hello");
    const std::string seen = top.screen(true);
    CHECK_FALSE(std::regex_search(seen, std::regex{"\x1b\\[([0-9]+;)*3[1-7](;[0-9]+)*m"}));
    // What is chosen is seen all the same.
    CHECK(std::regex_search(seen, std::regex{"\x1b\\[([0-9]+;)*7m"}));
    top.press({"q"});
    top.await("ended with 0");
}

TEST_CASE("an idle top leaves the daemon asleep", "[integration][top]") {
    TestProject project{"[service.api]\ncommand = [\"@CHILD@\", \"wait\"]\n"};
    project.bring_up();
    const TopTerminal top{project};
    top.await("1 of 1 service ready");
    const std::string status =
        "/proc/" + std::to_string(number_in_status(project, "daemon_pid")) + "/status";
    const auto switches = [&] {
        const std::string text = run_command({{"/bin/cat", status}, "", {}}).output;
        return text.substr(text.find("voluntary_ctxt_switches"));
    };
    top.await("MiB");
    // Figures come every two seconds, and none of them is the daemon's work. Of three times five
    // seconds some may hold what it does once after a start, and the end of a long poll.
    int quiet = 0;
    for (int i = 0; i < 3; ++i) {
        const std::string before = switches();
        const auto begin = std::chrono::steady_clock::now();
        eventually([&] { return std::chrono::steady_clock::now() - begin > 5s; });
        quiet += switches() == before ? 1 : 0;
    }
    CHECK(quiet >= 1);
    top.press({"q"});
    top.await("ended with 0");
}

TEST_CASE("top needs a terminal", "[integration][top]") {
    TestProject project{three_services};
    const CommandResult piped = project.devstack({"top"});
    CHECK(piped.code == 2);
    CHECK(piped.error ==
          "devstack: devstack top needs a terminal for its input and its output; devstack status "
          "--watch and devstack logs -f show the same\n");
    const Tmux terminal{project.directory(), environment_of(project), {100, 24}};
    terminal.enter("TERM=dumb $DEVSTACK top; echo ended with $?");
    terminal.await(
        "devstack: a terminal without a cursor to move (TERM is \"dumb\") can not show devstack "
        "top");
    terminal.await("ended with 2");
    terminal.enter("TERM=unheard-of $DEVSTACK top; echo ended with $?");
    terminal.await("is not running; start it with `devstack up`\nended with 3");
    project.bring_up();
    terminal.enter("clear; TERM=unheard-of $DEVSTACK top; echo ended with $?");
    terminal.await("3 of 3 services ready");
    terminal.press({"q"});
    terminal.await("ended with 0");
}
