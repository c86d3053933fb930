#include "support/catch.hpp"
#include "support/test_project.hpp"

#include <csignal>
#include <filesystem>

#include <unistd.h>

using namespace devstack::test;

namespace {

bool is_root() {
    if (::geteuid() == 0) return true;
    WARN("only root can try this");
    return false;
}

/// Somebody else has to find the test child and to enter the project.
void open_to_all(const TestProject& project) {
    std::filesystem::permissions(
        project.directory(),
        std::filesystem::perms::others_exec | std::filesystem::perms::others_read,
        std::filesystem::perm_options::add);
}

}  // namespace

TEST_CASE("a service is who its profile says, from its home to its probe",
          "[integration][settings]") {
    if (!is_root()) return;
    TestProject project{R"(
[service.api]
command = '''
id -u; id -g; umask; ulimit -Sn; ulimit -Hn; nice; cat /proc/self/oom_score_adj
echo $HOME $USER $LOGNAME
exec sleep 1000
'''
prepare = { command = "id -un" }
ready = { command = "test $(id -u) = 65534 && test $(umask) = 0027" }
user = "nobody:65533"
group_add = [4711]
umask = "0027"
ulimits = { nofile = { soft = 100, hard = 200 }, core = 0 }
nice = 5
oom_score_adj = 321
no_new_privileges = true
cap_drop = ["ALL"]
cap_add = ["NET_BIND_SERVICE"]
)"};
    open_to_all(project);
    project.bring_up();
    const std::string status =
        project.read_file("../../proc/" + std::to_string(project.pid_of("api")) + "/status");
    CHECK(status.find("\nUid:\t65534\t65534\t65534\t65534\n") != std::string::npos);
    CHECK(status.find("\nGroups:\t4711 65533 \n") != std::string::npos);
    CHECK(status.find("\nNoNewPrivs:\t1\n") != std::string::npos);
    CHECK(status.find("\nCapEff:\t0000000000000400\nCapBnd:\t0000000000000400\n") !=
          std::string::npos);
    CHECK(project.read_file(".devstack/logs/api.log") ==
          "nobody\n65534\n65533\n0027\n100\n200\n5\n321\n/nonexistent nobody nobody\n");
    CHECK(project.devstack({"down"}).code == 0);
}

TEST_CASE("a service in a terminal keeps its colours, and its log its line ends",
          "[integration][settings]") {
    TestProject project{R"(
[service.web]
command = '''
test -t 0 && test -t 1 && test -t 2 && printf "\033[32mready\033[m\n"
stty size
echo "$TERM" >&2
exec sleep 1000
'''
tty = true
env = { COLUMNS = 132, TERM = "screen" }
[task.last]
command = 'seq 1 20000; printf "no end"'
tty = true
)"};
    project.bring_up();
    CHECK(project.read_file(".devstack/logs/web.log") == "\033[32mready\033[m\n24 132\nscreen\n");
    CHECK(project.devstack({"run", "last"}).code == 0);
    const std::string log = project.read_file(".devstack/logs/last.log");
    CHECK(log.size() == 108'894 + std::string{"no end"}.size());
    CHECK(log.starts_with("1\n2\n3\n"));
    CHECK(log.ends_with("\n20000\nno end"));
}

TEST_CASE("a service whose input is held open reads no end", "[integration][settings]") {
    TestProject project{R"(
[service.watcher]
command = "cat; echo ended; exec sleep 1000"
stdin_open = true
[service.other]
command = "cat; echo ended; exec sleep 1000"
)"};
    project.bring_up();
    CHECK(project.read_file(".devstack/logs/other.log") == "ended\n");
    CHECK_FALSE(std::filesystem::exists(project.directory() + "/.devstack/logs/watcher.log"));
}

TEST_CASE("what the system does not grant is told with its name", "[integration][settings]") {
    if (!is_root()) return;
    TestProject project{R"(
[service.limit]
command = "true"
ulimits = { nofile = 9000000000000000000, core = 0 }
[service.place]
command = "true"
working_dir = "private"
user = "nobody"
[service.program]
command = ["./private/program"]
user = "nobody"
)"};
    open_to_all(project);
    project.write_file("private/program", "#!/bin/sh\n");
    std::filesystem::permissions(project.directory() + "/private",
                                 std::filesystem::perms::owner_all);
    CHECK(project.devstack({"up", "--wait", "--timeout", "20s"}).code == 1);
    CHECK(project.await_phase("limit", "failed") ==
          "cannot set its ulimits (nofile, core): operation not permitted; only root may raise a "
          "limit above the hard one that devstack was started with");
    CHECK(project.await_phase("place", "failed") ==
          "cannot enter directory private: permission denied for user nobody");
    CHECK(project.await_phase("program", "failed") ==
          "cannot execute ./private/program: permission denied for user nobody (is it executable? "
          "chmod +x ./private/program)");
}
