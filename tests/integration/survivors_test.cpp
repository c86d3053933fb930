#include "devstack/daemon/survivors.hpp"

#include "support/catch.hpp"
#include "support/child_process.hpp"

#include <algorithm>
#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

using namespace devstack;
using namespace devstack::daemon;
using namespace devstack::test;

namespace {

const platform::Procfs procfs;
const std::string project_dir = "/devstack-test/survivors";

/// The test itself plays the keeper.
ProjectMark project() {
    return {project_dir, ::getpid(), 0};
}

RunMark mark(const ChildProcess& leader, std::uint32_t number = 1) {
    return {{{0}, number}, "api", leader.pid()};
}

SurvivorReport survivors_of(const ChildProcess& leader) {
    return collect_survivors(procfs, project(), {mark(leader)}, {});
}

}  // namespace

TEST_CASE("a run that ends alone leaves no survivors", "[integration][processes]") {
    ChildProcess leader{"exit 0", run_environment(project_dir, "api#1")};
    ChildProcess other{"exec sleep 1000", run_environment(project_dir, "web#1")};
    leader.wait();
    const auto report =
        collect_survivors(procfs, project(), {mark(leader)}, {{{{1}, 1}, "web", other.pid()}});
    REQUIRE(report.of_run.size() == 1);
    CHECK(report.of_run[0].empty());
    CHECK(report.strays.empty());
}

TEST_CASE("what outlives its leader is found however it has left", "[integration][processes]") {
    const auto environment = run_environment(project_dir, "api#1");
    SECTION("in the group") {
        ChildProcess leader{"sleep 1000 & echo $!", environment};
        const int pid = leader.read_pid();
        leader.wait();
        const auto report = survivors_of(leader);
        REQUIRE(report.of_run[0].size() == 1);
        CHECK(report.of_run[0][0].pid == pid);
        CHECK(report.strays.empty());
        CHECK(to_survivors(report.of_run[0])[0].pid == pid);
    }
    SECTION("in a session of its own, known by its cookie") {
        ChildProcess leader{"setsid sh -c 'echo $$; exec sleep 1000' &", environment};
        const int pid = leader.read_pid();
        leader.wait();
        const auto report = survivors_of(leader);
        REQUIRE(report.of_run[0].size() == 1);
        CHECK(report.of_run[0][0].pid == pid);
    }
    SECTION("with its environment cleared: a stray") {
        ChildProcess leader{"env -i setsid sh -c 'echo $$; sleep 1000 & echo $!; wait' &",
                            environment};
        const int pid = leader.read_pid();
        const int child = leader.read_pid();
        leader.wait();
        const auto report = survivors_of(leader);
        CHECK(report.of_run[0].empty());
        REQUIRE(report.strays.size() == 2);
        CHECK(std::ranges::count(report.strays, pid, &LivingProcess::pid) == 1);
        CHECK(std::ranges::count(report.strays, child, &LivingProcess::pid) == 1);
    }
}

TEST_CASE("zombies and the processes of living runs are no survivors", "[integration][processes]") {
    ChildProcess living{"sleep 1000 & echo $!; wait", run_environment(project_dir, "web#1")};
    living.read_pid();
    ChildProcess leader{"sleep 1000 & echo $!", run_environment(project_dir, "api#1")};
    const int pid = leader.read_pid();
    leader.wait();
    const RunMark web{{{1}, 1}, "web", living.pid()};
    const auto report = collect_survivors(procfs, project(), {mark(leader)}, {web});
    REQUIRE(report.of_run[0].size() == 1);
    CHECK(report.strays.empty());

    CHECK(signal_survivors(procfs, report.of_run[0], SIGKILL).empty());
    siginfo_t info{};
    REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
    CHECK(collect_survivors(procfs, project(), {mark(leader)}, {web}).of_run[0].empty());
    reap(pid);
    CHECK(signal_survivors(procfs, report.of_run[0], SIGKILL).empty());
}

TEST_CASE("survivors of many runs are told apart", "[integration][processes]") {
    ChildProcess first{"sleep 1000 & echo $!", run_environment(project_dir, "api#1")};
    ChildProcess second{"sleep 1000 & echo $!", run_environment(project_dir, "api#2")};
    const int of_first = first.read_pid();
    const int of_second = second.read_pid();
    first.wait();
    second.wait();
    const auto report = collect_survivors(procfs, project(), {mark(second, 2), mark(first, 1)}, {});
    REQUIRE(report.of_run[0].size() == 1);
    REQUIRE(report.of_run[1].size() == 1);
    CHECK(report.of_run[0][0].pid == of_second);
    CHECK(report.of_run[1][0].pid == of_first);
}

TEST_CASE("a survivor is named by what it runs", "[integration][processes]") {
    const std::string word(200, 'x');
    ChildProcess leader{"sh -c 'echo $$; read line' sh " + word + " < /dev/zero & wait",
                        run_environment(project_dir, "api#1")};
    leader.read_pid();
    ::kill(leader.pid(), SIGKILL);
    leader.wait();
    const auto report = survivors_of(leader);
    REQUIRE(report.of_run[0].size() == 1);
    CHECK(report.of_run[0][0].command ==
          ("sh -c echo $$; read line sh " + word).substr(0, 100) + "…");
}

TEST_CASE("leftovers of an earlier devstack are found by their cookie",
          "[integration][processes]") {
    ChildProcess leftover{"echo up; exec sleep 1000", run_environment(project_dir, "api#7")};
    ChildProcess other{"echo up; exec sleep 1000", run_environment("/elsewhere", "api#7")};
    leftover.read_line();
    other.read_line();
    // Some keeper that has nothing to do with them.
    ChildProcess keeper{"sleep 1000 & echo up; wait", run_environment(project_dir, "x#1")};
    keeper.read_line();
    const auto found = collect_leftovers(procfs, {project_dir, keeper.pid(), 0});
    REQUIRE(found.size() == 1);
    CHECK(found[0].pid == leftover.pid());
}
