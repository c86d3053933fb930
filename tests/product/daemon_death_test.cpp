#include "devstack/platform/procfs.hpp"
#include "devstack/project/ledger_file.hpp"

#include "support/catch.hpp"
#include "support/test_project.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

using namespace std::chrono_literals;
using namespace devstack::test;

namespace {

/// 12 with every test run; DEVSTACK_KILLS=1000 for the long look.
int kills() {
    const char* wish = std::getenv("DEVSTACK_KILLS");
    return wish == nullptr ? 12 : std::atoi(wish);
}

int keeper_of(const TestProject& project) {
    const auto keeper =
        devstack::project::find_living_keeper(project.directory() + "/.devstack/state");
    return keeper.value_or(0);
}

/// The daemon that is there or on its way, as the child of the keeper that runs our program; 0
/// while there is none.
int daemon_of(int keeper) {
    const devstack::platform::Procfs procfs;
    const auto children = devstack::platform::collect_children(procfs, keeper);
    for (const int child : children.value_or(std::vector<int>{})) {
        const auto words = devstack::platform::read_command_line(procfs, child);
        if (words.size() > 1 && words[1] == "__daemon") return child;
    }
    return 0;
}

/// At a random moment of its life: while it reads its ledger, adopts, captures, decides.
void kill_at_random(int keeper, std::mt19937& random) {
    int daemon = 0;
    REQUIRE(eventually([&] { return (daemon = daemon_of(keeper)) != 0; }, 30s));
    // One in three lives so long that the next comes at once.
    const unsigned longest[] = {10'000, 300'000, 2'000'000};
    const std::chrono::microseconds life{random() % longest[random() % 3]};
    const auto end = std::chrono::steady_clock::now() + life;
    eventually([&] { return !is_alive(daemon); },
               std::chrono::floor<std::chrono::milliseconds>(life) - 10ms);
    while (std::chrono::steady_clock::now() < end) {
    }
    kill_process(daemon, SIGKILL);
    REQUIRE(eventually([&] { return !is_alive(daemon); }));
}

std::string twenty_services() {
    std::ostringstream profile;
    for (int i = 0; i < 10; ++i) {
        profile
            << "[service.lasting" << i << "]\n"
            << "command = ['@CHILD@', 'env', 'DEVSTACK_RUN', 'then', 'lines', '1000000000', 'n', "
               "'1000']\n";
        profile << "[service.dying" << i << "]\n"
                << "command = ['@CHILD@', 'env', 'DEVSTACK_RUN', 'then', 'lines', '100', 'n', "
                << "'1000', 'then', 'exit', '" << i + 1 << "']\n"
                << "restart = { policy = 'always', max = 1000000, delay = '300ms', "
                   "max_delay = '300ms' }\n";
    }
    return profile.str();
}

/// With what has been rotated, as it is when this goes on for long.
std::string whole_log(const TestProject& project, const std::string& service) {
    std::string log;
    for (const std::string end : {".5", ".4", ".3", ".2", ".1", ""})
        log += project.read_file(".devstack/logs/" + service + ".log" + end);
    return log;
}

/// How many lines each run has written, the first one first. Fails when one is missing, repeated or
/// out of order.
std::vector<int> count_lines(const std::string& service, const std::string& log) {
    std::vector<int> lines;
    std::istringstream stream{log};
    for (std::string line; std::getline(stream, line);) {
        if (!lines.empty() && line == "n " + std::to_string(lines.back() + 1)) {
            ++lines.back();
            continue;
        }
        INFO("run " << lines.size() << ", after line " << (lines.empty() ? 0 : lines.back()));
        REQUIRE(line == service + "#" + std::to_string(lines.size() + 1));
        lines.push_back(0);
    }
    return lines;
}

/// The runs of which an end with this reason is in the journal. Fails when one is there twice.
std::set<std::uint32_t> ends_of(const TestProject& project,
                                const std::string& service,
                                const std::string& why) {
    std::set<std::uint32_t> ends;
    std::string journal;
    for (const std::string end : {".3", ".2", ".1", ""})
        journal += project.read_file(".devstack/state/events.jsonl" + end);
    std::istringstream stream{journal};
    std::uint64_t sequence = 0;
    for (std::string line; std::getline(stream, line);) {
        const auto event = nlohmann::json::parse(line);
        REQUIRE(event.at("sequence") == ++sequence);
        if (event.value("service", "") != service || event.at("why") != why) continue;
        INFO(line);
        REQUIRE(ends.insert(event.at("run").get<std::uint32_t>()).second);
    }
    return ends;
}

}  // namespace

TEST_CASE("a daemon that is killed at any moment loses nothing", "[integration][death]") {
    TestProject project{twenty_services()};
    REQUIRE(project.devstack({"up", "-d"}).code == 0);
    project.await_phase("lasting9", "ready");
    const int keeper = keeper_of(project);
    REQUIRE(keeper != 0);
    std::map<std::string, int> pids;
    for (int i = 0; i < 10; ++i) {
        const std::string name = "lasting" + std::to_string(i);
        pids[name] = project.pid_of(name);
    }

    std::mt19937 random{20261126};
    for (int i = 0; i < kills(); ++i)
        kill_at_random(keeper, random);

    // Not 3: somebody answers again.
    REQUIRE(eventually([&] { return project.devstack({"status"}).code != 3; }, 30s));
    for (const auto& [name, pid] : pids) {
        INFO(name);
        CHECK(project.pid_of(name) == pid);
    }
    CHECK(project.devstack({"down"}).code == 0);
    CHECK(processes_left_of(project.directory()).empty());
    for (int i = 0; i < 10; ++i) {
        const std::string lasting = "lasting" + std::to_string(i);
        const auto its = count_lines(lasting, whole_log(project, lasting));
        CHECK(its.size() == 1);
        const std::string dying = "dying" + std::to_string(i);
        const auto lines = count_lines(dying, whole_log(project, dying));
        const auto ends = ends_of(project, dying, "exited with code " + std::to_string(i + 1));
        INFO(dying);
        REQUIRE(lines.size() > 5);
        // The last one may have been told to stop.
        for (std::size_t run = 1; run < lines.size(); ++run) {
            INFO("run " << run << " of " << lines.size());
            CHECK(lines[run - 1] == 100);
            CHECK(ends.contains(static_cast<std::uint32_t>(run)));
        }
    }
}

TEST_CASE("services run on when no daemon comes up any more", "[integration][death]") {
    const std::string profile = "[service.api]\ncommand = ['@CHILD@', 'wait']\n";
    TestProject project{profile};
    project.bring_up();
    const std::string good = project.read_file("devstack.toml");
    const int keeper = keeper_of(project);
    const int api = project.pid_of("api");
    const std::string inputs = project.read_file(".devstack/state/inputs-1");
    project.write_file(".devstack/state/inputs-1", "spoilt");
    project.write_file("devstack.toml", "[service.api\n");
    kill_process(daemon_of(keeper), SIGKILL);
    const CommandResult status = project.devstack({"status"});
    CHECK(status.code == 1);
    CHECK(status.error ==
          "devstack: the daemon of " + project.directory() +
              " has died and none comes up again; the services run on, and their keeper (pid " +
              std::to_string(keeper) + ") goes on trying. Why is in " + project.directory() +
              "/.devstack/state/daemon.log and daemon.stderr; `devstack down` ends everything\n");
    CHECK(is_alive(api));
    const std::string diagnosis = project.devstack({"doctor"}).output;
    CHECK(diagnosis.find("has died and none comes up again: the services run on, but nobody "
                         "watches them or takes their output. [daemon-dead]") != std::string::npos);
    CHECK(diagnosis.find("[project-not-running]") == std::string::npos);

    SECTION("until the reason is gone") {
        project.write_file(".devstack/state/inputs-1", inputs);
        REQUIRE(eventually([&] { return project.devstack({"status"}).code == 0; }, 20s));
        CHECK(project.pid_of("api") == api);
        CHECK(project.devstack({"down"}).code == 0);
    }
    SECTION("or until they are told to end") {
        const CommandResult down = project.devstack({"down"});
        CHECK(down.code == 0);
        CHECK(down.output ==
              project.directory() + " is down; its daemon could not be started any more\n");
        CHECK_FALSE(is_alive(api));
        CHECK(processes_left_of(project.directory()).empty());
    }
    project.write_file("devstack.toml", good);
}

TEST_CASE("a second up waits for the next daemon and begins nothing anew", "[integration][death]") {
    TestProject project{R"(
[service.count]
command = ["@CHILD@", "lines", "1000000000", "n", "1000"]
)"};
    REQUIRE(project.devstack({"up", "-d"}).code == 0);
    project.await_phase("count", "ready");
    const int keeper = keeper_of(project);
    kill_process(daemon_of(keeper), SIGKILL);
    // A second `up` finds the keeper, and not nobody.
    const CommandResult up = project.devstack({"up", "-d", "--wait"});
    INFO(up.error);
    CHECK(up.code == 0);
    CHECK(keeper_of(project) == keeper);
    CHECK(project.devstack({"down"}).code == 0);
    CHECK(processes_left_of(project.directory()).empty());
}

TEST_CASE("who waits for something goes on with the next daemon", "[integration][death]") {
    TestProject project{R"(
[service.api]
command = "while ! test -e go; do sleep 0.05; done; echo listening; exec @CHILD@ wait"
ready = { log = "^listening$" }
)"};
    RunningCommand up{project.command({"up", "-d", "--wait"})};
    project.await_phase("api", "starting");
    const int keeper = keeper_of(project);
    const int daemon = daemon_of(keeper);
    REQUIRE(daemon != 0);
    kill_process(daemon, SIGKILL);
    REQUIRE(eventually([&] { return !is_alive(daemon); }));
    project.write_file("go", "");
    const CommandResult end = up.finish();
    CHECK(end.code == 0);
    CHECK(end.error.empty());
    CHECK(end.output.find("1 service ready after ") != std::string::npos);
}

TEST_CASE("what two killed processes have left is ended by the next up", "[integration][death]") {
    TestProject project{R"(
[service.api]
command = ["@CHILD@", "fork-leave", "then", "wait"]
)"};
    RunningCommand stranger{{{DEVSTACK_TESTCHILD, "wait"}, project.directory(), {}}};
    project.bring_up();
    const std::string log = project.read_file(".devstack/logs/api.log");
    const int stray = std::stoi(log.substr(log.find("left ") + 5));
    const int keeper = keeper_of(project);
    const int daemon = daemon_of(keeper);
    const int api = project.pid_of("api");
    kill_process(keeper, SIGSTOP);
    kill_process(daemon, SIGKILL);
    kill_process(keeper, SIGKILL);
    REQUIRE(eventually([&] { return !is_alive(keeper) && !is_alive(daemon) && !is_alive(api); }));
    CHECK(is_alive(stray));

    const CommandResult up = project.devstack({"up", "-d", "--wait"});
    INFO(up.error);
    CHECK(up.code == 0);
    CHECK_FALSE(is_alive(stray));
    CHECK(is_alive(stranger.pid()));
    const std::string events = project.read_file(".devstack/state/events.jsonl");
    CHECK(events.find(R"("why":"ended 1 process that an earlier devstack had left behind: pid )" +
                      std::to_string(stray)) != std::string::npos);
    CHECK(project.devstack({"down"}).code == 0);
    CHECK(processes_left_of(project.directory()).empty());
}
