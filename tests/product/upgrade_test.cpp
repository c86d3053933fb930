#include "devstack/platform/keeper_protocol.hpp"

#include "support/catch.hpp"
#include "support/test_project.hpp"

#include <csignal>
#include <filesystem>
#include <sstream>

#include <nlohmann/json.hpp>

using namespace std::chrono_literals;
using namespace devstack::test;
using json = nlohmann::json;
namespace fs = std::filesystem;

// devstack becomes another program while its services run.

namespace {

constexpr auto profile = R"(
[service.db]
command = ["@CHILD@", "print", "db is there", "then", "wait"]

[service.api]
command = ["@CHILD@", "lines", "1000000000", "n", "2000"]
depends_on = ["db"]

[service.family]
command = ["@CHILD@", "fork-leave", "then", "wait"]
)";

json state_of(const TestProject& project) {
    return json::parse(project.devstack({"status", "--json"}).output);
}

/// Without a gap, a repetition or a torn line.
void check_lines(const TestProject& project) {
    std::istringstream log{project.read_file(".devstack/logs/api.log")};
    int expected = 0;
    for (std::string line; std::getline(log, line) && !log.eof();)
        REQUIRE(line == "n " + std::to_string(++expected));
    CHECK(expected > 0);
}

CommandResult post(const TestProject& project, const json& command) {
    return run_command({{"/usr/bin/curl",
                         "-s",
                         "--unix-socket",
                         project.directory() + "/.devstack/run/control.sock",
                         "-d",
                         command.dump(),
                         "http://localhost/v1/commands"},
                        project.directory(),
                        {}});
}

json upgrade_to(const std::string& program, int takes_over) {
    return {{"command", "upgrade"}, {"program", program}, {"takes_over", takes_over}};
}

std::string bad_request(const std::string& why) {
    return R"({"code":"bad-request","message":"nothing was changed: )" + why + "\"}";
}

}  // namespace

TEST_CASE("keeper and daemon become another program, and no service notices",
          "[integration][upgrade]") {
    TestProject project{profile};
    // A file of its own, as an installed one is; the other one is the one that is tested.
    const std::string old = project.directory() + "/old-devstack";
    fs::copy_file(DEVSTACK_BINARY, old);
    CommandSpec up = project.command({"up", "-d", "--wait"});
    up.argv.front() = old;
    REQUIRE(run_command(up).code == 0);
    const json before = state_of(project);
    const int keeper = before["keeper_pid"];

    const CommandResult upgrade = project.devstack({"upgrade"});
    INFO(upgrade.error);
    CHECK(upgrade.code == 0);
    const json after = state_of(project);
    const auto number = [](const json& it) { return std::to_string(it.get<int>()); };
    CHECK(upgrade.output == after["project"].get<std::string>() + ": keeper (pid " +
                                std::to_string(keeper) + ") and daemon (pid " +
                                number(before["daemon_pid"]) + ", now " +
                                number(after["daemon_pid"]) + ") are " DEVSTACK_BINARY " (" +
                                after["version"].get<std::string>() + "); 3 services ran on\n");
    CHECK(after["keeper_pid"] == keeper);
    for (const json& pid : {after["keeper_pid"], after["daemon_pid"]})
        CHECK(fs::read_symlink("/proc/" + number(pid) + "/exe") == DEVSTACK_BINARY);
    for (std::size_t i = 0; i < before["services"].size(); ++i) {
        for (const char* same : {"name", "pid", "run", "phase", "since", "restarts"})
            CHECK(after["services"][i][same] == before["services"][i][same]);
    }
    CHECK(project.devstack({"events"})
              .output.find(
                  "project resumed: devstack was replaced; 3 processes went on without it\n") !=
          std::string::npos);

    const CommandResult again = project.devstack({"upgrade"});
    CHECK(again.code == 0);
    CHECK(again.output == after["project"].get<std::string>() + " runs " DEVSTACK_BINARY " (" +
                              after["version"].get<std::string>() + ") already\n");

    // The new keeper is the parent of all, and sees how they end.
    const std::size_t so_far = project.events_so_far();
    kill_process(project.pid_of("db"), SIGKILL);
    CHECK(project.await_phase("db", "backing-off", 20s, so_far) == "was killed by SIGKILL");
    project.await_phase("db", "ready", 20s, so_far);
    CHECK(project.devstack({"down"}).code == 0);
    CHECK_FALSE(is_alive(keeper));
    CHECK(processes_left_of(project.directory()).empty());
    check_lines(project);
}

TEST_CASE("many upgrades lose no line and no end", "[integration][upgrade]") {
    TestProject project{profile};
    project.bring_up();
    const int api = project.pid_of("api");
    for (int i = 0; i < 8; ++i) {
        // Somebody dies just then.
        if (i % 2 == 1) kill_process(project.pid_of("family"), SIGKILL);
        const CommandResult upgrade = project.devstack({"upgrade", "--force"});
        INFO(upgrade.error);
        REQUIRE(upgrade.code == 0);
        REQUIRE(eventually([&] { return project.devstack({"status"}).code == 0; }, 20s));
    }
    CHECK(project.pid_of("api") == api);
    const json state = state_of(project);
    for (const json& service : state["services"])
        CHECK(service["restarts"] == (service["name"] == "family" ? 4 : 0));
    CHECK(project.devstack({"down"}).code == 0);
    CHECK(processes_left_of(project.directory()).empty());
    check_lines(project);
}

TEST_CASE("what can not be is refused, and changes nothing", "[integration][upgrade]") {
    const std::uint16_t port = free_port();
    TestProject project{std::string{profile} +
                        "[api]\nlisten = \"127.0.0.1:" + std::to_string(port) + "\"\n"};
    const CommandResult none = project.devstack({"upgrade"});
    CHECK(none.code == 3);
    CHECK(none.error == "devstack: " + fs::path{project.directory()}.filename().string() +
                            " is not running; start it with `devstack up`\n");
    project.bring_up();
    const json before = state_of(project);
    const int version = devstack::platform::keeper_protocol::version;

    CHECK(post(project, upgrade_to("/none/devstack", version)).output ==
          bad_request("cannot execute /none/devstack: No such file or directory"));
    CHECK(post(project, upgrade_to("/etc/passwd", version)).output ==
          bad_request("cannot execute /etc/passwd: Permission denied"));
    CHECK(post(project, upgrade_to("/bin/true", 3)).output ==
          bad_request("/bin/true can not go on for this keeper: it takes over from protocol 3 at "
                      "most, and this is " +
                      std::to_string(version) + "; run devstack down, then devstack up"));
    CHECK(run_command({{"/usr/bin/curl",
                        "-s",
                        "-H",
                        "Authorization: Bearer " + project.read_file(".devstack/state/api-token"),
                        "-d",
                        upgrade_to("/bin/true", version).dump(),
                        "http://127.0.0.1:" + std::to_string(port) + "/v1/commands"},
                       project.directory(),
                       {}})
              .output ==
          R"({"code":"not-permitted","message":"upgrade is served on the Unix socket alone"})");

    // What is no program: only executing it tells.
    project.write_file("text", "no program");
    fs::permissions(project.directory() + "/text", fs::perms::owner_all);
    const std::size_t so_far = project.events_so_far();
    const std::string text = project.directory() + "/text";
    post(project, upgrade_to(text, version));
    const std::string why = "project upgrade-failed: the keeper can not become " + text +
                            ": Exec format error; everything goes on as before\n";
    CHECK(eventually(
        [&] { return project.devstack({"events"}).output.find(why) != std::string::npos; }));
    CHECK(project.events_so_far() > so_far);

    const json after = state_of(project);
    for (const char* same : {"keeper_pid", "daemon_pid", "started_at"})
        CHECK(after[same] == before[same]);
    CHECK(project.devstack({"down"}).code == 0);
    check_lines(project);
}

TEST_CASE("a devstack that was replaced says so", "[integration][upgrade]") {
    TestProject project{profile};
    project.bring_up();
    const std::string copy = project.directory() + "/devstack-copy";
    fs::copy_file(DEVSTACK_BINARY, copy);
    // It is removed while it runs: by a shell that is between its fork and its exec.
    CommandSpec spec = project.command({});
    spec.argv = {
        "/bin/sh", "-c", "exec 9< devstack-copy; rm devstack-copy; exec /proc/self/fd/9 upgrade"};
    const CommandResult upgrade = run_command(spec);
    CHECK(upgrade.code == 1);
    CHECK(upgrade.error ==
          "devstack: " + copy + " was removed or replaced while it runs; call the new one\n");
}
