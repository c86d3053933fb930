#include "support/catch.hpp"
#include "support/test_project.hpp"

#include <csignal>
#include <cstring>

#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace std::chrono_literals;
using namespace devstack::test;
using nlohmann::json;

namespace {

json state_of(const TestProject& project, const std::string& service) {
    const json state = json::parse(project.devstack({"status", "--json"}).output);
    for (const json& it : state["services"]) {
        if (it["name"] == service) return it;
    }
    FAIL("no service " << service);
    return {};
}

int daemon_of(const TestProject& project) {
    return json::parse(project.devstack({"status", "--json"}).output)["daemon_pid"].get<int>();
}

/// Says with sd_notify(3) what `words` are, with nothing but what Python has.
constexpr auto say = R"(
import os, socket, sys, select, signal, array
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
def say(words, *files):
    s.sendmsg([words.encode()],
              [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))] if files else [],
              0, os.environ["NOTIFY_SOCKET"])
def rest(seconds): select.select([], [], [], seconds)
def wait_for(name):
    while not os.path.exists(name): rest(0.02)
)";

bool has_notice(const TestProject& project, const std::string& what) {
    return eventually(
        [&] { return project.devstack({"events"}).output.find(what) != std::string::npos; });
}

void kill_daemon(const TestProject& project) {
    const int daemon = daemon_of(project);
    kill_process(daemon, SIGKILL);
    REQUIRE(eventually([&] { return !is_alive(daemon); }));
}

}  // namespace

TEST_CASE("a service is ready when it says so in its output", "[integration][readiness]") {
    TestProject project{R"(
[service.api]
command = """echo listening? no
  exec @CHILD@ print-after 300 'now listening on 3000' then wait"""
ready = { log = "listening on \\d+$", stream = "stdout" }
[service.web]
command = ["@CHILD@", "wait"]
depends_on = ["api"]
)"};
    project.bring_up();
    CHECK(state_of(project, "api")["why"] == "its output says \"now listening on 3000\"");
    CHECK(state_of(project, "api")["health"]["probe"] ==
          "a line of its stdout matches \"listening on \\d+$\"");
    const std::size_t before = project.events_so_far();
    project.devstack({"restart", "api"});
    CHECK(project.await_phase("api", "ready", 20s, before) ==
          "its output says \"now listening on 3000\"");
}

TEST_CASE("a line counts though the daemon was killed while it was awaited",
          "[integration][readiness]") {
    TestProject project{R"(
[service.api]
command = "while ! test -e go; do sleep 0.05; done; echo listening; touch said; exec sleep 1000"
ready = { log = "^listening$" }
)"};
    project.devstack({"up", "-d"});
    project.await_phase("api", "starting");
    REQUIRE(eventually([&] { return project.pid_of("api") != 0; }));
    kill_daemon(project);
    project.write_file("go", "");
    CHECK(project.await_phase("api", "ready") == "its output says \"listening\"");
}

TEST_CASE("a service is ready when it says so, and is heard from then on",
          "[integration][readiness]") {
    TestProject project{R"(
[service.api]
command = ["/usr/bin/python3", "api.py"]
ready = { notify = true }
)"};
    project.write_file("api.py", std::string{say} + R"(
say("STATUS=starting \x1b[31mup")
wait_for("go")
say("READY=1\nSTATUS=serving")
say("FDSTORE=1", 0)
wait_for("reload")
say("RELOADING=1")
say("READY=1\nSTATUS=")
wait_for("stop")
say("STOPPING=1\nSTATUS=bye")
)");
    project.devstack({"up", "-d"});
    REQUIRE(eventually([&] { return state_of(project, "api")["says"] == "starting up"; }));
    const std::string pid = std::to_string(project.pid_of("api"));
    CHECK(project.devstack({"why", "api"})
              .output.find("api is starting: pid " + pid +
                           " is not ready yet: it has not said READY=1; it says \"starting up\"") !=
          std::string::npos);
    project.write_file("go", "");
    CHECK(project.await_phase("api", "ready") == "has said that it is ready");
    CHECK(state_of(project, "api")["why"] == "has said that it is ready; it says \"serving\"");
    CHECK(has_notice(project, "wants devstack to keep descriptors for it (FDSTORE=1)"));
    project.write_file("reload", "");
    CHECK(has_notice(project, "has said that it is ready again"));
    project.write_file("stop", "");
    CHECK(project.await_phase("api", "completed") == "has said that it stops; exited with code 0");
    project.devstack({"down"});
    CHECK(::access((project.directory() + "/.devstack/run/notify").c_str(), F_OK) != 0);
}

TEST_CASE("what is said while there is no daemon is heard by the next one",
          "[integration][readiness]") {
    TestProject project{R"(
[service.api]
command = ["/usr/bin/python3", "api.py"]
ready = { notify = true }
)"};
    project.write_file("api.py", std::string{say} + R"(
say("STATUS=up")
wait_for("go")
say("READY=1\nSTATUS=serving")
open("said", "w")
rest(1000)
)");
    project.devstack({"up", "-d"});
    REQUIRE(eventually([&] { return state_of(project, "api")["says"] == "up"; }));
    const int daemon = daemon_of(project);
    kill_process(daemon, SIGSTOP);  // It can not hear it, and then it is dead.
    project.write_file("go", "");
    const std::string said = project.directory() + "/said";
    REQUIRE(eventually([&] { return ::access(said.c_str(), F_OK) == 0; }));
    kill_process(daemon, SIGKILL);
    CHECK(project.await_phase("api", "ready") == "has said that it is ready");
    CHECK(state_of(project, "api")["says"] == "serving");
    CHECK(state_of(project, "api")["run"] == 1);
}

TEST_CASE("a service that its watchdog does not hear is aborted", "[integration][readiness]") {
    TestProject project{R"(
[service.api]
command = ["/usr/bin/python3", "api.py"]
ready = { notify = true }
watchdog = "2s"
stop_timeout = "1s"
restart = { delay = "100ms" }
ulimits = { core = 0 }
)"};
    project.write_file("api.py", std::string{say} + R"(
assert os.environ["WATCHDOG_USEC"] == "2000000"
signal.signal(signal.SIGTERM, signal.SIG_IGN)
say("READY=1")
while not os.path.exists("hang"):
    say("WATCHDOG=1")
    rest(0.05)
os.remove("hang")
rest(1000)
)");
    project.bring_up();
    project.write_file("hang", "");
    CHECK(project.await_phase("api", "unhealthy") == "its watchdog has not heard it for 2s");
    CHECK(project.await_phase("api", "backing-off") ==
          "was unhealthy: its watchdog has not heard it for 2s");
    REQUIRE(eventually([&] { return state_of(project, "api")["phase"] == "ready"; }));
    CHECK(state_of(project, "api")["last_exit"]["signal"] == SIGABRT);
}

TEST_CASE("only the service itself is believed", "[integration][readiness]") {
    TestProject project{R"(
[service.api]
command = "while ! test -e go; do sleep 0.05; done; exec /usr/bin/python3 api.py"
ready = { notify = true }
)"};
    project.write_file("api.py", std::string{say} + R"(
if os.fork() == 0:
    os.setsid()
    say("READY=1\nSTATUS=by a child")
    os._exit(0)
rest(1000)
)");
    project.devstack({"up", "-d"});
    const std::string path = project.directory() + "/.devstack/run/notify/api";
    REQUIRE(eventually([&] { return ::access(path.c_str(), W_OK) == 0; }));
    REQUIRE(eventually([&] { return project.pid_of("api") != 0; }));
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    CHECK(::sendto(socket, "READY=1", 7, 0, generic, sizeof address) == 7);
    ::close(socket);
    CHECK(has_notice(project, "(pid " + std::to_string(::getpid()) + ", user "));
    CHECK(has_notice(project,
                     "has written to its notify socket and is none of its processes: it is not "
                     "believed"));
    CHECK(state_of(project, "api")["phase"] == "starting");
    project.write_file("go", "");
    CHECK(project.await_phase("api", "ready") == "has said that it is ready");
    CHECK(state_of(project, "api")["says"] == "by a child");
}

TEST_CASE("another user's service with a long name can say that it is ready",
          "[integration][readiness]") {
    if (::geteuid() != 0) {
        WARN("only root can try this");
        return;
    }
    const std::string name(100, 'a');
    TestProject project{"[service." + name + "]\ncommand = ['/usr/bin/python3', '-c', '''" + say +
                        "say(\"READY=1\")\nrest(1000)\n''']\nworking_dir = '/'\n" +
                        "user = 'nobody'\nready = { notify = true }\n"};
    project.bring_up();
    CHECK(state_of(project, name)["why"] == "has said that it is ready");
}
