#include "support/catch.hpp"
#include "support/test_project.hpp"

using namespace std::chrono_literals;
using namespace devstack::test;

TEST_CASE("services come up in order and are ready", "[integration][up]") {
    const std::string port = std::to_string(free_port());
    TestProject project{R"(
[service.db]
command = ["@CHILD@", "print", "db up", "then", "listen", ")" +
                        port + R"("]
port = )" + port + R"(

[task.migrate]
command = ["@CHILD@", "print", "migrated"]
depends_on = ["db"]

[service.api]
command = ["@CHILD@", "print", "api up", "then", "wait"]
depends_on = { db = "ready", migrate = "completed" }
)"};
    const CommandResult up = project.devstack({"up", "--wait", "--timeout", "20s"});
    INFO(up.output << up.error);
    CHECK(up.code == 0);
    CHECK(up.error == "");
    CHECK(up.output.find("2 services and 1 task from devstack.toml, logs in .devstack/logs") !=
          std::string::npos);
    CHECK(up.output.find("2 services ready and 1 task completed after ") != std::string::npos);
    CHECK(project.read_file(".devstack/logs/db.log") == "db up\nlistening\n");
    CHECK(project.read_file(".devstack/logs/migrate.log") == "migrated\n");
    CHECK(project.read_file(".devstack/.gitignore") == "*\n");

    const CommandResult down = project.devstack({"down"});
    CHECK(down.code == 0);
    CHECK(processes_left_of(project.directory()).empty());
}

TEST_CASE("up with a subset starts it and what it needs", "[integration][up]") {
    TestProject project{R"(
[service.db]
command = ["@CHILD@", "wait"]
[service.api]
command = ["@CHILD@", "wait"]
depends_on = ["db"]
[service.other]
command = ["@CHILD@", "wait"]
)"};
    CHECK(project.devstack({"up", "devstack.toml", "api", "--wait"}).code == 0);
    CHECK(project.pid_of("db") != 0);
    CHECK(project.pid_of("api") != 0);
    CHECK(project.pid_of("other") == 0);

    SECTION("a second up attaches and starts what is missing") {
        const int api = project.pid_of("api");
        CHECK(project.devstack({"up", "--wait"}).code == 0);
        CHECK(project.pid_of("api") == api);
        CHECK(project.pid_of("other") != 0);
    }
}

TEST_CASE("up says which service it does not know", "[integration][up]") {
    TestProject project{"[service.postgres]\ncommand = \"true\"\n"};
    const CommandResult up = project.devstack({"up", "devstack.toml", "postgers"});
    CHECK(up.code == 4);
    CHECK(up.error ==
          "devstack: there is no service or task postgers (did you mean `postgres`?); known are "
          "postgres\n");
}

TEST_CASE("mistakes in the profile end up with 2 and start nothing", "[integration][up]") {
    TestProject project{"[service.api]\ncomand = \"true\"\n"};
    const CommandResult up = project.devstack({"up", "-d"});
    CHECK(up.code == 2);
    CHECK(up.error.find("devstack.toml:2:1: error: ") == 0);
    CHECK(up.error.find("did you mean `command`?") != std::string::npos);
    CHECK(processes_left_of(project.directory()).empty());
}

TEST_CASE("a service gets its own environment, directory and a clean process state",
          "[integration][up]") {
    TestProject project{R"(
[project]
name = "shop"
[service.api]
working_dir = "apps/api"
env = { GREETING = "hello ${WORLD:-world}" }
command = ["@CHILD@", "env", "GREETING", "then", "cwd", "then", "env", "DEVSTACK_SERVICE",
    "then", "env", "DEVSTACK_RUN", "then", "wait"]
)"};
    project.write_file("apps/api/.keep", "");
    project.bring_up();
    CHECK(project.read_file(".devstack/logs/api.log") ==
          "hello world\n" + project.directory() + "/apps/api\napi\napi#1\n");
    const std::string pid = std::to_string(project.pid_of("api"));
    const CommandResult status = run_command({{"/bin/cat", "/proc/" + pid + "/status"}, "", {}});
    CHECK(status.output.find("SigBlk:\t0000000000000000\n") != std::string::npos);
    CHECK(status.output.find("SigIgn:\t0000000000000000\n") != std::string::npos);
}

TEST_CASE("a prepare step runs once for the same inputs", "[integration][up]") {
    TestProject project{R"(
[service.api]
command = ["@CHILD@", "wait"]
prepare = { command = "mkdir -p made && echo prepared", creates = "made", inputs = ["lock"] }
)"};
    project.write_file("lock", "1");
    project.bring_up();
    CHECK(project.read_file(".devstack/logs/api.log") == "prepared\n");
    REQUIRE(project.devstack({"restart", "api"}).code == 0);
    CHECK(project.read_file(".devstack/logs/api.log") == "prepared\n");

    project.write_file("lock", "2");
    const std::size_t before = project.events_so_far();
    REQUIRE(project.devstack({"restart", "api"}).code == 0);
    project.await_phase("api", "preparing", 10s, before);
    CHECK(project.read_file(".devstack/logs/api.log") == "prepared\nprepared\n");
}

TEST_CASE("two cold starts at once make one daemon", "[integration][up]") {
    TestProject project{
        "[service.api]\ncommand = [\"@CHILD@\", \"print\", \"up\", \"then\", \"wait\"]\n"};
    RunningCommand first{project.command({"up", "-d", "--wait"})};
    RunningCommand second{project.command({"up", "-d", "--wait"})};
    CHECK(first.finish().code == 0);
    CHECK(second.finish().code == 0);
    CHECK(project.read_file(".devstack/logs/api.log") == "up\n");
}

TEST_CASE("a deep project directory works", "[integration][up]") {
    TestProject project{""};
    const std::string deep = std::string(60, 'a') + "/" + std::string(60, 'b');
    project.write_file(deep + "/devstack.toml",
                       "[service.api]\ncommand = [\"" DEVSTACK_TESTCHILD "\", \"wait\"]\n");
    CommandSpec spec = project.command({"up", "--wait"});
    spec.directory += "/" + deep;
    CHECK(run_command(spec).code == 0);
    spec.argv = {DEVSTACK_BINARY, "down"};
    CHECK(run_command(spec).code == 0);
    CHECK(processes_left_of(spec.directory).empty());
}

TEST_CASE("few descriptors are enough for few services, and too few are said",
          "[integration][up]") {
    TestProject project{"[service.api]\ncommand = [\"@CHILD@\", \"wait\"]\n"};
    const auto up_with = [&](const std::string& limit) {
        CommandSpec spec = project.command({"up", "-d", "--wait"});
        spec.argv = {
            "/bin/sh", "-c", "ulimit -n " + limit + " && exec " DEVSTACK_BINARY " up -d --wait"};
        return run_command(spec);
    };
    const CommandResult none = up_with("10");
    CHECK(none.code == 1);
    CHECK(
        none.error ==
        "devstack: too few open files are allowed: devstack takes 35 for 1 service, and the hard "
        "limit is 10; raise it (ulimit -Hn in the shell, LimitNOFILE= of systemd, --ulimit nofile= "
        "of docker)\n");
    CHECK(processes_left_of(project.directory()).empty());
    CHECK(up_with("64").code == 0);
    CHECK(project.devstack({"down"}).code == 0);
}
