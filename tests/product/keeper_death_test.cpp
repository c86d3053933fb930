#include "devstack/platform/procfs.hpp"
#include "devstack/project/ledger_file.hpp"

#include "support/catch.hpp"
#include "support/test_project.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <random>
#include <sstream>

using namespace std::chrono_literals;
using namespace devstack::test;

// What becomes of services when the keeper is killed, and when keeper and daemon both are.

namespace {

/// 3 of each kind with every test run; DEVSTACK_KEEPER_KILLS=75 for the long look.
int kills() {
    const char* wish = std::getenv("DEVSTACK_KEEPER_KILLS");
    return wish == nullptr ? 3 : std::atoi(wish);
}

struct Devstack {
    int keeper = 0;
    int daemon = 0;
};

Devstack devstack_of(const TestProject& project) {
    const auto keeper =
        devstack::project::find_living_keeper(project.directory() + "/.devstack/state");
    const devstack::platform::Procfs procfs;
    const auto children = devstack::platform::collect_children(procfs, keeper.value_or(0));
    for (const int child : children.value_or(std::vector<int>{})) {
        const auto words = devstack::platform::read_command_line(procfs, child);
        if (words.size() > 1 && words[1] == "__daemon") return {*keeper, child};
    }
    return {};
}

/// The keeper is stopped first, so that it does not start another daemon meanwhile.
void kill_both(const Devstack& devstack) {
    kill_process(devstack.keeper, SIGSTOP);
    kill_process(devstack.daemon, SIGKILL);
    kill_process(devstack.keeper, SIGKILL);
    REQUIRE(eventually([&] { return !is_alive(devstack.keeper) && !is_alive(devstack.daemon); }));
}

std::string profile(const std::string& on_keeper_death) {
    return "[project]\non_keeper_death = '" + on_keeper_death + R"('

[service.db]
command = ["@CHILD@", "print", "db is there", "then", "on-term", "1", "0"]

[service.api]
command = ["@CHILD@", "lines", "1000000000", "n", "2000"]
depends_on = ["db"]

[service.family]
command = ["@CHILD@", "fork-leave", "then", "ignore-term"]
stop_timeout = "300ms"
)";
}

std::string events_of(const TestProject& project) {
    return project.read_file(".devstack/state/events.jsonl");
}

int stray_of(const TestProject& project) {
    const std::string log = project.read_file(".devstack/logs/family.log");
    return std::stoi(log.substr(log.rfind("left ") + 5));
}

/// Without a gap, a repetition or a torn line.
void check_lines(const TestProject& project) {
    std::istringstream log{project.read_file(".devstack/logs/api.log")};
    int expected = 0;
    for (std::string line; std::getline(log, line) && !log.eof();)
        REQUIRE(line == "n " + std::to_string(++expected));
    CHECK(expected > 0);
}

void rewrite_ledger(const TestProject& project, const std::string& from, const std::string& to) {
    std::string ledger = project.read_file(".devstack/state/ledger.jsonl");
    REQUIRE(ledger.find(from) != std::string::npos);
    for (std::size_t at = 0; (at = ledger.find(from, at)) != std::string::npos; at += to.size())
        ledger.replace(at, from.size(), to);
    project.write_file(".devstack/state/ledger.jsonl", ledger);
}

}  // namespace

TEST_CASE("a daemon whose keeper was killed stops everything by the rules and ends",
          "[integration][death]") {
    TestProject project{profile("stop")};
    project.bring_up();
    const Devstack devstack = devstack_of(project);
    REQUIRE(devstack.daemon != 0);
    const int stray = stray_of(project);
    kill_process(devstack.keeper, SIGKILL);
    REQUIRE(eventually([&] { return !is_alive(devstack.daemon); }, 30s));
    CHECK_FALSE(is_alive(stray));
    CHECK(processes_left_of(project.directory()).empty());
    const std::string events = events_of(project);
    INFO(events);
    CHECK(events.find(R"("why":"the keeper has died, so that nobody looks after the services: )"
                      R"(stopping them all")") != std::string::npos);
    CHECK(events.find(R"("why":"nothing is left running")") != std::string::npos);
    // Nothing is left to go on with.
    CHECK(project.read_file(".devstack/state/ledger.jsonl").empty());
    CHECK(project.devstack({"status"}).code == 3);
}

TEST_CASE("an up whose keeper was killed says so, and has failed", "[integration][death]") {
    TestProject project{profile("stop")};
    RunningCommand up{project.command({"up"})};
    up.await_output("services ready");
    const Devstack devstack = devstack_of(project);
    REQUIRE(devstack.daemon != 0);
    kill_process(devstack.keeper, SIGKILL);
    const CommandResult end = up.finish();
    CHECK(end.code == 1);
    CHECK(end.output.find("the keeper has died, so that nobody looks after the services: stopping "
                          "them all\n") != std::string::npos);
    CHECK(processes_left_of(project.directory()).empty());
}

TEST_CASE("services that are kept go on under the next keeper", "[integration][death]") {
    TestProject project{profile("keep")};
    project.bring_up();
    const Devstack before = devstack_of(project);
    REQUIRE(before.daemon != 0);
    const int db = project.pid_of("db");
    const int api = project.pid_of("api");
    SECTION("which comes by itself when the keeper alone was killed") {
        kill_process(before.keeper, SIGKILL);
        REQUIRE(eventually([&] { return !is_alive(before.daemon); }));
    }
    SECTION("which the next up starts when both were killed") {
        kill_both(before);
        CHECK(is_alive(api));
        const CommandResult up = project.devstack({"up", "-d", "--wait"});
        INFO(up.error);
        CHECK(up.code == 0);
    }
    REQUIRE(eventually([&] { return devstack_of(project).daemon != 0; }, 20s));
    REQUIRE(eventually([&] { return project.devstack({"status"}).code == 0; }, 20s));
    CHECK(devstack_of(project).keeper != before.keeper);
    CHECK(project.pid_of("db") == db);
    CHECK(project.pid_of("api") == api);
    CHECK(events_of(project).find(R"("why":"devstack's keeper had died and was started again; 3 )"
                                  R"(processes went on without it")") != std::string::npos);

    // It captures on, and sees an end, of which it can not know how it was.
    const std::size_t size = project.read_file(".devstack/logs/api.log").size();
    CHECK(eventually([&] { return project.read_file(".devstack/logs/api.log").size() > size; }));
    const std::size_t so_far = project.events_so_far();
    kill_process(db, SIGKILL);
    CHECK(project.await_phase("db", "backing-off", 20s, so_far) ==
          "ended while it had no parent: its exit status is not known");
    project.await_phase("db", "ready", 20s, so_far);
    CHECK(project.devstack({"down"}).code == 0);
    CHECK(processes_left_of(project.directory()).empty());
    check_lines(project);
}

TEST_CASE("a process that has the pid of one of ours is a stranger", "[integration][death]") {
    TestProject project{
        "[project]\non_keeper_death = 'keep'\n"
        "[service.api]\ncommand = ['@CHILD@', 'wait']\n"};
    project.bring_up();
    const int api = project.pid_of("api");
    kill_both(devstack_of(project));
    // Somebody who was there before, and whose environment says nothing of us.
    RunningCommand stranger{{{DEVSTACK_TESTCHILD, "wait"}, project.directory(), {}}};
    SECTION("by its start time") {
        rewrite_ledger(project,
                       "\"pid\":" + std::to_string(api) + ",\"start_ticks\"",
                       "\"pid\":" + std::to_string(stranger.pid()) + ",\"start_ticks\"");
        REQUIRE(project.devstack({"up", "-d", "--wait"}).code == 0);
        CHECK(project.pid_of("api") != stranger.pid());
        CHECK_FALSE(is_alive(api));  // Ours by its cookie, and in the way of the next run.
    }
    SECTION("in another boot, where everything is") {
        const std::string ledger = project.read_file(".devstack/state/ledger.jsonl");
        const std::size_t begin = ledger.find("\"boot_id\":\"") + 11;
        rewrite_ledger(project,
                       ledger.substr(begin, ledger.find('"', begin) - begin),
                       "00000000-0000-0000-0000-000000000000");
        REQUIRE(project.devstack({"up", "-d", "--wait"}).code == 0);
        CHECK(project.pid_of("api") != api);
        CHECK(is_alive(api));
        kill_process(api, SIGKILL);
    }
    CHECK(is_alive(stranger.pid()));
    CHECK(project.devstack({"down"}).code == 0);
    CHECK(is_alive(stranger.pid()));
}

TEST_CASE("what has no cookie any more is found by the ledger", "[integration][death]") {
    TestProject project{R"(
[service.api]
command = ["env", "-i", "@CHILD@", "ignore-term"]
)"};
    project.bring_up();
    const int api = project.pid_of("api");
    kill_both(devstack_of(project));
    CHECK(is_alive(api));
    REQUIRE(project.devstack({"up", "-d", "--wait"}).code == 0);
    CHECK_FALSE(is_alive(api));
    CHECK(events_of(project).find(
              R"("why":"ended 1 process that an earlier devstack had left behind: pid )" +
              std::to_string(api)) != std::string::npos);
    CHECK(project.devstack({"down", "--force"}).code == 0);
}

TEST_CASE("down ends what a killed devstack has left", "[integration][death]") {
    TestProject project{profile("keep")};
    project.bring_up();
    const int db = project.pid_of("db");
    const int api = project.pid_of("api");
    const int family = project.pid_of("family");
    const int stray = stray_of(project);
    kill_both(devstack_of(project));
    const auto named = [](const char* service, int pid) {
        return std::string{service} + " (pid " + std::to_string(pid) + ")";
    };
    // Whoever asks is told of them, by a profile that is broken by now, too.
    project.write_file("devstack.toml", "[service");
    const CommandResult status = project.devstack({"status"});
    CHECK(status.code == 3);
    CHECK(status.error ==
          "devstack: " + project.directory() + " is not running, but " + named("api", api) + ", " +
              named("db", db) + " and " + named("family", family) +
              " are left of a devstack that was killed; `devstack up` goes on from there, "
              "`devstack down` ends what is left\n");
    const CommandResult down = project.devstack({"down"});
    CHECK(down.error.empty());
    CHECK(down.code == 0);
    CHECK(down.output.starts_with(
        "ended 4 processes that an earlier devstack had left behind: pid "));
    CHECK(down.output.ends_with("\n" + project.directory() + " is down; it had been killed\n"));
    for (const int pid : {db, api, family, stray})
        CHECK_FALSE(is_alive(pid));
    CHECK(processes_left_of(project.directory()).empty());
    const CommandResult again = project.devstack({"down"});
    CHECK(again.code == 0);
    CHECK(again.error == "devstack: " + project.directory() + " is not running\n");
}

TEST_CASE("a ledger whose last record is torn is good up to there", "[integration][death]") {
    TestProject project{profile("keep")};
    project.bring_up();
    const int api = project.pid_of("api");
    kill_both(devstack_of(project));
    const std::string ledger = project.read_file(".devstack/state/ledger.jsonl");
    project.write_file(".devstack/state/ledger.jsonl", ledger + R"({"events":[{"sequ)");
    const std::string events = events_of(project);
    project.write_file(".devstack/state/events.jsonl", events + R"({"sequence":99)");
    REQUIRE(project.devstack({"up", "-d", "--wait"}).code == 0);
    CHECK(project.pid_of("api") == api);
    CHECK(project.devstack({"down"}).code == 0);
    CHECK(processes_left_of(project.directory()).empty());
}

namespace {

void kill_again_and_again(const std::string& on_keeper_death, bool is_of_both) {
    TestProject project{profile(on_keeper_death)};
    RunningCommand stranger{{{DEVSTACK_TESTCHILD, "wait"}, project.directory(), {}}};
    std::mt19937 random{20261127};
    int api = 0;
    for (int i = 0; i < kills(); ++i) {
        INFO("kill " << i);
        const CommandResult up = project.devstack({"up", "-d"});
        INFO(up.error);
        REQUIRE(up.code == 0);
        Devstack devstack;
        REQUIRE(eventually([&] { return (devstack = devstack_of(project)).daemon != 0; }));
        if (random() % 2 == 0) {
            project.await_phase("api", "ready");
            const int now = project.pid_of("api");
            if (on_keeper_death == "keep" && api != 0) REQUIRE(now == api);
            api = now;
        }
        const auto end =
            std::chrono::steady_clock::now() + std::chrono::microseconds{random() % 100'000};
        while (std::chrono::steady_clock::now() < end) {
        }
        if (is_of_both) {
            kill_both(devstack);
        } else {
            kill_process(devstack.keeper, SIGKILL);
            REQUIRE(eventually([&] { return !is_alive(devstack.daemon); }, 30s));
            if (on_keeper_death == "stop") {
                REQUIRE(processes_left_of(project.directory()).empty());
            }
        }
        REQUIRE(is_alive(stranger.pid()));
    }
    REQUIRE(project.devstack({"up", "-d", "--wait"}).code == 0);
    if (on_keeper_death == "keep" && api != 0) CHECK(project.pid_of("api") == api);
    CHECK(project.devstack({"down"}).code == 0);
    CHECK(processes_left_of(project.directory()).empty());
    CHECK(is_alive(stranger.pid()));
    if (on_keeper_death == "keep") check_lines(project);
}

}  // namespace

TEST_CASE("killed keepers leave nothing in development", "[integration][death]") {
    kill_again_and_again("stop", false);
}

TEST_CASE("killed keepers and daemons leave nothing in development", "[integration][death]") {
    kill_again_and_again("stop", true);
}

TEST_CASE("killed keepers lose nothing on a host", "[integration][death]") {
    kill_again_and_again("keep", false);
}

TEST_CASE("killed keepers and daemons lose nothing on a host", "[integration][death]") {
    kill_again_and_again("keep", true);
}
