#include "support/catch.hpp"
#include "support/test_project.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <string>

#include <nlohmann/json.hpp>

using namespace std::chrono_literals;
using namespace devstack::test;

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

int daemon_of(const TestProject& project) {
    return json::parse(project.devstack({"status", "--json"}).output)["daemon_pid"].get<int>();
}

bool is_reached(const TestProject& project) {
    return eventually([&] { return project.devstack({"status", "--json"}).code == 0; });
}

/// Whether an event of the project says exactly that.
bool is_told(const TestProject& project, const std::string& what) {
    std::istringstream lines{project.devstack({"events", "--json"}).output};
    for (std::string line; std::getline(lines, line);) {
        if (json::parse(line)["why"] == what) return true;
    }
    return false;
}

constexpr auto made_again =
    "what devstack keeps in .devstack/state and .devstack/run was removed; it has been made again, "
    "without what was there before";

}  // namespace

TEST_CASE("what is removed from under a running devstack is made again", "[integration][removal]") {
    const std::string port = std::to_string(free_port());
    TestProject project{"[api]\nlisten = \"127.0.0.1:" + port + R"("
[service.api]
command = ["/usr/bin/python3", "api.py"]
ready = { notify = true }
[service.web]
command = ["@CHILD@", "wait"]
)"};
    project.write_file("api.py", R"(
import os, socket, select
def say(words):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.connect(os.environ["NOTIFY_SOCKET"])
    s.send(words)
say(b"READY=1")
while not os.path.exists("go"): select.select([], [], [], 0.02)
say(b"STATUS=still heard")
select.select([], [], [])
)");
    project.bring_up();
    const int api = project.pid_of("api");
    const int web = project.pid_of("web");
    const std::string token = project.read_file(".devstack/state/api-token");

    fs::remove_all(project.directory() + "/.devstack");
    // At once, as in `git clean -dfx && devstack up`: nothing is started a second time.
    const CommandResult up = project.devstack({"up", "-d"});
    CHECK(up.code == 0);
    CHECK(up.output.find(" (already running: attached)") != std::string::npos);
    CHECK(project.pid_of("web") == web);
    CHECK(is_told(project, made_again));
    CHECK(project.read_file(".devstack/state/api-token") == token);
    project.write_file("go", "");
    CHECK(eventually([&] {
        return project.devstack({"why", "api"}).output.find("it says \"still heard\"") !=
               std::string::npos;
    }));

    // The next daemon goes on with what was made again.
    const int daemon = daemon_of(project);
    kill_process(daemon, SIGKILL);
    REQUIRE(eventually([&] { return !is_alive(daemon); }));
    REQUIRE(is_reached(project));
    CHECK(project.pid_of("api") == api);
    CHECK(project.pid_of("web") == web);
    CHECK(project.devstack({"down"}).code == 0);
    CHECK(processes_left_of(project.directory()).empty());
}

TEST_CASE("only the socket is removed, and clients that are connected stay",
          "[integration][removal]") {
    TestProject project{"[service.api]\ncommand = [\"@CHILD@\", \"wait\"]\n"};
    project.bring_up();
    fs::remove(project.directory() + "/.devstack/run/control.sock");
    REQUIRE(is_reached(project));
    CHECK(is_told(project, made_again));
    CHECK(project.devstack({"events"}).output.find("api starting -> ready") != std::string::npos);
}

TEST_CASE("what can not be made again is told, and tried until it can", "[integration][removal]") {
    TestProject project{"[service.api]\ncommand = [\"@CHILD@\", \"wait\"]\n"};
    project.bring_up();
    const std::string state = project.directory() + "/.devstack";
    const int api = project.pid_of("api");
    fs::rename(state, state + ".old");
    project.write_file(".devstack", "in the way");
    // As soon as it has tried, it says so in its own log.
    const std::string problem =
        "what devstack keeps has been removed, and can not be made again: "
        "will not use " +
        state + ": it is not a directory";
    REQUIRE(eventually([&] {
        return project.read_file(".devstack.old/state/daemon.log").find(problem) !=
               std::string::npos;
    }));
    fs::remove(state);
    REQUIRE(is_reached(project));
    CHECK(is_told(project, made_again));
    CHECK(is_told(project, problem));
    CHECK(project.pid_of("api") == api);
}

TEST_CASE("a project that is removed is stopped, and nothing is made there again",
          "[integration][removal]") {
    TestProject project{R"(
[service.api]
command = ["@CHILD@", "lines", "1000000000", "n", "1000"]
[service.web]
command = ["@CHILD@", "wait"]
)"};
    project.bring_up();
    const int daemon = daemon_of(project);
    const int web = project.pid_of("web");
    // At once, as far as anybody sees, whatever is written there meanwhile.
    const std::string away = project.directory() + ".away";
    fs::rename(project.directory(), away);
    fs::remove_all(away);
    CHECK(eventually([&] { return !is_alive(daemon) && !is_alive(web); }));
    CHECK_FALSE(fs::exists(project.directory()));
    CHECK(processes_left_of(project.directory()).empty());
    fs::create_directory(project.directory());
}

TEST_CASE("a project that is moved is stopped, and says why", "[integration][removal]") {
    TestProject project{"[service.api]\ncommand = [\"@CHILD@\", \"wait\"]\n"};
    RunningCommand up{project.command({"up"})};
    up.await_output("1 service ready");
    const std::string moved = project.directory() + ".moved";
    fs::rename(project.directory(), moved);
    const CommandResult result = up.finish();
    fs::rename(moved, project.directory());
    CHECK(result.code == 1);
    CHECK(result.error == "devstack: the project's directory " + project.directory() +
                              " was moved or removed, so everything was stopped\n");
    CHECK(processes_left_of(project.directory()).empty());
}
