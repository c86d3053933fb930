#include "devstack/platform/procfs.hpp"
#include "devstack/project/ledger_file.hpp"

#include "support/catch.hpp"
#include "support/test_project.hpp"

#include <csignal>
#include <filesystem>
#include <map>
#include <random>
#include <regex>

#include <nlohmann/json.hpp>

using namespace std::chrono_literals;
using namespace devstack::test;
using nlohmann::json;

namespace {

const std::string child = DEVSTACK_TESTCHILD;

std::string service(const std::string& name,
                    const std::string& words,
                    const std::string& more = "") {
    return "[service." + name + "]\ncommand = \"exec " + child + " " + words + "\"\n" + more + "\n";
}

std::string shop() {
    return "[project]\nname = \"shop\"\n" + service("db", "wait") +
           service("api", "wait", "depends_on = [\"db\"]") + service("web", "wait") +
           service("worker", "wait");
}

json state_of(const TestProject& project) {
    return json::parse(project.devstack({"status", "--json"}).output, nullptr, false);
}

int daemon_of(const TestProject& project) {
    const json state = state_of(project);
    return state.is_discarded() ? 0 : state.value("daemon_pid", 0);
}

using Pids = std::map<std::string, int>;

Pids pids_of(const TestProject& project) {
    Pids pids;
    const json state = state_of(project);
    if (state.is_discarded()) return pids;
    for (const json& it : state["services"])
        pids[it["name"]] = it["pid"];
    return pids;
}

std::string last_line(const std::string& text) {
    const std::size_t end = text.find_last_not_of('\n');
    if (end == std::string::npos) return "";
    const std::size_t begin = text.rfind('\n', end);
    return text.substr(begin + 1, end - begin);
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

}  // namespace

TEST_CASE("a reload gives a new process to what has changed, and to nothing else",
          "[integration][reload]") {
    const std::string api = service("api", "wait", "depends_on = [\"db\"]\nenv_file = \"api.env\"");
    TestProject project{"[project]\nname = \"shop\"\n" + service("db", "wait") + api +
                        service("web", "wait") + service("worker", "wait")};
    project.write_file("api.env", "KEY=one\n");
    project.bring_up();
    const Pids before = pids_of(project);
    project.write_file("api.env", "KEY=two\n");
    project.write_file("devstack.toml",
                       "[project]\nname = \"shop\"\n" + service("new", "wait") +
                           service("web", "env KEY then wait", "env = { KEY = \"hidden\" }") +
                           service("db", "wait", "stop_timeout = \"3s\"") + api);
    const std::string what =
        "2 services (web: command changed, environment KEY added; api: environment KEY changed), 1 "
        "adjusted without a restart (db: stop_timeout changed), 1 added (new), 1 removed (worker), "
        "0 unchanged\n";
    CHECK(project.devstack({"reload", "--dry-run"}).output == "would reload " + what);
    CHECK(pids_of(project) == before);

    const CommandResult reload = project.devstack({"reload"});
    INFO(reload.output << reload.error);
    CHECK(reload.code == 0);
    CHECK(reload.output.starts_with("reloaded " + what));
    CHECK(last_line(reload.output) == "worker has gone");
    const Pids after = pids_of(project);
    CHECK(after.at("db") == before.at("db"));
    CHECK(after.at("api") != before.at("api"));
    CHECK(after.at("web") != before.at("web"));
    CHECK(after.at("new") != 0);
    CHECK_FALSE(after.contains("worker"));
    CHECK_FALSE(is_alive(before.at("worker")));
    CHECK(project.read_file(".devstack/logs/web.log") == "hidden\n");
    CHECK(project.read_file(".devstack/state/events.jsonl").find("hidden") == std::string::npos);

    SECTION("and once more to nothing") {
        CHECK(project.devstack({"reload"}).output == "reloaded 0 services, 4 unchanged\n");
        CHECK(pids_of(project) == after);
    }
    SECTION("and a daemon that is started again goes on with the new profile") {
        const int daemon = daemon_of(project);
        kill_process(daemon, SIGKILL);
        REQUIRE(
            eventually([&] { return daemon_of(project) != 0 && daemon_of(project) != daemon; }));
        CHECK(pids_of(project) == after);
        CHECK(project.devstack({"reload"}).output == "reloaded 0 services, 4 unchanged\n");
        CHECK(project.devstack({"restart", "web"}).code == 0);
        CHECK(pids_of(project).at("web") != after.at("web"));
    }
}

TEST_CASE("a reload for programs", "[integration][reload]") {
    TestProject project{shop()};
    project.bring_up();
    project.write_file("devstack.toml", shop() + service("new", "wait"));
    const CommandResult reload = project.devstack({"reload", "--json"});
    CHECK(reload.code == 0);
    const json reply = json::parse(reload.output, nullptr, false);
    REQUIRE_FALSE(reply.is_discarded());
    CHECK(reply["reload"] ==
          json::parse(
              R"({"changes":[{"service":"new","kind":"added","reasons":[]}],"unchanged":4})"));
    CHECK(pids_of(project).at("new") != 0);
}

TEST_CASE("a profile with mistakes changes nothing and tells all of them",
          "[integration][reload]") {
    TestProject project{shop()};
    project.bring_up();
    const Pids before = pids_of(project);
    project.write_file("devstack.toml",
                       shop() + "[service.new]\ncomand = \"x\"\n[service.newer]\nport = 0\n");
    const CommandResult reload = project.devstack({"reload"});
    CHECK(reload.code == 2);
    CHECK(reload.output.empty());
    CHECK(reload.error ==
          R"(devstack: nothing was changed: the profile has mistakes
devstack.toml:16:1: error: unknown key `comand` in [service.new] [unknown-key]
  comand = "x"
  ^
  hint: did you mean `command`?
devstack.toml:17:10: error: service `newer` has no `command` [missing-command]
  [service.newer]
           ^
  hint: add command = "…"
devstack.toml:18:8: error: `port` must be a number from 1 to 65535, or a table with `port`, not )"
          R"(0 [out-of-range]
  port = 0
         ^
)");
    CHECK(pids_of(project) == before);
    CHECK(project.devstack({"status"}).output.find("stale") == std::string::npos);
}

TEST_CASE("what can not change while the project runs is refused", "[integration][reload]") {
    TestProject project{shop()};
    project.bring_up();
    const Pids before = pids_of(project);
    std::string other = shop();
    other.replace(other.find("\"shop\""), 6, "\"store\"\nmode = \"host\"");
    project.write_file("devstack.toml", other + service("new", "wait"));
    const CommandResult reload = project.devstack({"reload"});
    CHECK(reload.code == 2);
    CHECK(
        reload.error ==
        "devstack: nothing was changed: `name` in [project] can not change from shop to store "
        "while the project runs; `mode` in [project] can not change from development to host while "
        "the project runs; run devstack down, then devstack up\n");
    CHECK(pids_of(project) == before);
}

TEST_CASE("a reload can put another profile in the place of the one that runs",
          "[integration][reload]") {
    TestProject project{shop()};
    project.bring_up();
    const Pids before = pids_of(project);
    project.write_file("profiles/small.toml",
                       "[project]\nname = \"shop\"\n" + service("db", "wait"));
    CHECK(project.devstack({"reload", "nothing"}).code == 2);
    CHECK(project.devstack({"reload", "small"}).code == 0);
    CHECK(pids_of(project) == Pids{{"db", before.at("db")}});
    CHECK(state_of(project)["profile"] == project.directory() + "/profiles/small.toml");
    const int daemon = daemon_of(project);
    kill_process(daemon, SIGKILL);
    REQUIRE(eventually([&] { return daemon_of(project) != 0 && daemon_of(project) != daemon; }));
    CHECK(pids_of(project) == Pids{{"db", before.at("db")}});
    CHECK(state_of(project)["profile"] == project.directory() + "/profiles/small.toml");
    CHECK(project.devstack({"reload"}).output == "reloaded 0 services, 1 unchanged\n");
    // Who looks for its services without asking it looks there, too.
    const int next = daemon_of(project);
    kill_process(next, SIGSTOP);
    CHECK(project.devstack({"__complete", "stop", ""}).output == "db\tservice\n");
    kill_process(next, SIGCONT);
}

TEST_CASE("a reload of a project that does not run", "[integration][reload]") {
    TestProject project{shop()};
    const CommandResult reload = project.devstack({"reload"});
    CHECK(reload.code == 3);
    CHECK(reload.error == "devstack: shop is not running; start it with `devstack up`\n");
}

TEST_CASE("a reload gives up waiting at its deadline and says what for", "[integration][reload]") {
    TestProject project{service("api", "on-term 3000 0")};
    project.bring_up();
    project.write_file("devstack.toml", service("api", "on-term 2999 0"));
    const CommandResult reload = project.devstack({"reload", "--timeout", "100ms"});
    CHECK(reload.code == 1);
    CHECK(first_line(reload.error) == "devstack: gave up waiting after 100ms:");
}

TEST_CASE("SIGHUP reloads", "[integration][reload]") {
    TestProject project{shop()};
    SECTION("to the daemon") {
        project.bring_up();
        const Pids before = pids_of(project);
        project.write_file("devstack.toml", shop() + service("new", "wait"));
        kill_process(daemon_of(project), SIGHUP);
        project.await_phase("new", "ready");
        CHECK(pids_of(project).at("api") == before.at("api"));

        // With mistakes in it, the journal tells them.
        project.write_file("devstack.toml", "[service.x]\n");
        kill_process(daemon_of(project), SIGHUP);
        CHECK(eventually([&] {
            return project.read_file(".devstack/state/events.jsonl")
                       .find("SIGHUP: nothing was changed: the profile has mistakes") !=
                   std::string::npos;
        }));
        CHECK(pids_of(project).at("api") == before.at("api"));
    }
    SECTION("to an up in the foreground") {
        RunningCommand up{project.command({"up"})};
        up.await_output("4 services ready after ");
        project.write_file("devstack.toml", shop() + service("new", "print hello then wait"));
        up.signal(SIGHUP);
        up.await_output("reloaded 0 services, 1 added (new), 4 unchanged\n");
        up.await_output("| hello\n");
        project.write_file("devstack.toml", "[service.x]\n");
        up.signal(SIGHUP);
        CHECK(project.devstack({"down"}).code == 0);
        const CommandResult end = up.finish();
        CHECK(end.code == 0);
    }
}

TEST_CASE("status and why tell what is stale, and why", "[integration][reload]") {
    TestProject project{
        service("api", "wait", "env_file = \"api.env\"") + service("idle", "wait") +
        service("web", "wait", "prepare = { command = \"true\", inputs = [\"lock.json\"] }")};
    project.write_file("api.env", "KEY=one\n");
    project.write_file("lock.json", "1\n");
    project.bring_up();
    CHECK(project.devstack({"status"}).output.find("note: ") == std::string::npos);
    project.write_file("api.env", "KEY=two\n");
    project.write_file("lock.json", "2\n");
    const std::string status = project.devstack({"status"}).output;
    INFO(status);
    CHECK(
        status.find("note: api is stale: environment KEY changed; devstack reload applies it\n") !=
        std::string::npos);
    CHECK(status.find("note: web is stale: its prepare step is due: lock.json has changed since it "
                      "ran; devstack reload applies it\n") != std::string::npos);
    CHECK(status.find("idle is stale") == std::string::npos);
    CHECK(project.devstack({"why", "api"})
              .output.find(
                  "  but         stale: environment KEY changed; devstack reload applies it\n") !=
          std::string::npos);
    CHECK(state_of(project)["services"][0]["stale"] == json{"environment KEY changed"});

    CHECK(first_line(project.devstack({"reload"}).output) ==
          "reloaded 2 services (api: environment KEY changed; web: its prepare step is due: "
          "lock.json has changed since it ran), 1 unchanged");
    CHECK(project.devstack({"status"}).output.find("note: ") == std::string::npos);
}

TEST_CASE("a daemon killed in the middle of a reload goes on with it", "[integration][reload]") {
    TestProject project{service("slow", "on-term 1500 0") + service("gone", "on-term 1500 0") +
                        service("same", "wait")};
    project.bring_up();
    const Pids before = pids_of(project);
    project.write_file(
        "devstack.toml",
        service("new", "wait") + service("same", "wait") + service("slow", "print new then wait"));
    CHECK(project.devstack({"reload", "--no-wait"}).code == 0);
    const int daemon = daemon_of(project);
    kill_process(daemon, SIGKILL);
    REQUIRE(eventually([&] { return daemon_of(project) != 0 && daemon_of(project) != daemon; }));
    REQUIRE(eventually(
        [&] {
            const Pids now = pids_of(project);
            return !now.contains("gone") && now.contains("slow") && now.at("slow") != 0 &&
                   now.at("slow") != before.at("slow");
        },
        20s));
    CHECK(eventually([&] { return project.read_file(".devstack/logs/slow.log") == "new\n"; }));
    CHECK(pids_of(project).at("same") == before.at("same"));
    CHECK(pids_of(project).at("new") != 0);
    CHECK_FALSE(is_alive(before.at("gone")));
    CHECK_FALSE(is_alive(before.at("slow")));
}

TEST_CASE("a daemon killed at any moment of a reload has one plan or the other",
          "[integration][reload]") {
    const auto profile = [](const std::string& word) {
        return service("one", "print one-" + word + " then wait") +
               service("two", "print two-" + word + " then wait") + service("only-" + word, "wait");
    };
    TestProject project{profile("a")};
    project.bring_up();
    std::mt19937 random{7};
    for (int i = 0; i < 8; ++i) {
        project.write_file("devstack.toml", profile(i % 2 == 0 ? "b" : "a"));
        const int daemon = daemon_of(project);
        REQUIRE(daemon != 0);
        {
            RunningCommand reload{project.command({"reload", "--no-wait"})};
            eventually([&] { return !is_alive(daemon); }, std::chrono::milliseconds{random() % 30});
            kill_process(daemon, SIGKILL);
            reload.finish();
        }
        REQUIRE(eventually(
            [&] {
                const int now = daemon_of(project);
                return now != 0 && now != daemon && project.devstack({"status"}).code == 0;
            },
            30s));
        const Pids pids = pids_of(project);
        const bool is_a = pids.contains("only-a");
        INFO(project.read_file(".devstack/state/events.jsonl"));
        REQUIRE(pids.contains("only-b") != is_a);
        const std::string word = is_a ? "a" : "b";
        for (const std::string name : {"one", "two"}) {
            CHECK(eventually([&] {
                return last_line(project.read_file(".devstack/logs/" + name + ".log")) ==
                       name + "-" + word;
            }));
        }
    }
}
