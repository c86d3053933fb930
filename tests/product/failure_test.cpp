#include "support/catch.hpp"
#include "support/test_project.hpp"

using namespace std::chrono_literals;
using namespace devstack::test;

#include <csignal>

TEST_CASE("what was killed is started again, with the reason", "[integration][failure]") {
    TestProject project{R"(
[service.api]
command = ["@CHILD@", "print", "up", "then", "wait"]
restart = { policy = "on-failure", delay = "10ms" }
)"};
    project.bring_up();
    const int first = project.pid_of("api");
    kill_process(first, SIGKILL);
    CHECK(project.await_phase("api", "backing-off") == "was killed by SIGKILL");
    const std::size_t after = project.events_so_far();
    project.await_phase("api", "ready", 10s, after - 1);
    CHECK(project.pid_of("api") != first);
    CHECK(project.read_file(".devstack/logs/api.log") == "up\nup\n");
}

TEST_CASE("a crash loop is given up, and --wait says why", "[integration][failure]") {
    TestProject project{R"(
[service.api]
command = ["@CHILD@", "print-err", "no database", "then", "exit", "3"]
restart = { policy = "on-failure", delay = "1ms", max = 2 }
ready = { command = "exit 1" }
)"};
    // Without a probe a child that a busy machine makes live for a second would be ready.
    const CommandResult up = project.devstack({"up", "--wait", "--timeout", "20s"});
    CHECK(up.code == 1);
    CHECK(up.output.find("failed   api is failed: exited with code 3; given up after 2 restarts "
                         "within 1m\n") != std::string::npos);
    CHECK(up.output.ends_with("api | no database\napi | no database\napi | no database\n"));
    CHECK(up.error == "devstack: the last lines of api:\n");
    CHECK(project.read_file(".devstack/logs/api.log") == "no database\nno database\nno database\n");
}

TEST_CASE("what can not be started fails at once and says at which step",
          "[integration][failure]") {
    TestProject project{R"(
[service.lost]
command = ["no-such-program-anywhere"]
[service.nowhere]
command = ["@CHILD@", "wait"]
working_dir = "apps/api"
[service.plain]
command = ["./plain.txt"]
[service.noshell]
command = ["./noshell"]
[service.script]
command = ["./script"]
)"};
    project.write_file("plain.txt", "hello");
    project.write_file("noshell", "#!/no/such/interpreter\n");
    project.write_file("script", "echo hello\n");
    run_command({{"/bin/chmod", "+x", "noshell", "script"}, project.directory(), {}});
    const CommandResult up = project.devstack({"up", "--wait", "--timeout", "20s"});
    CHECK(up.code == 1);
    CHECK(project.await_phase("lost", "failed") ==
          "cannot execute no-such-program-anywhere: no such program in PATH; is it installed?");
    CHECK(project.await_phase("nowhere", "failed") ==
          "cannot enter directory apps/api: no such file or directory");
    CHECK(project.await_phase("plain", "failed") ==
          "cannot execute ./plain.txt: permission denied (is it executable? chmod +x "
          "./plain.txt)");
    CHECK(project.await_phase("noshell", "failed") ==
          "cannot execute ./noshell: the interpreter named in its first line does not exist");
    CHECK(project.await_phase("script", "failed") ==
          "cannot execute ./script: it is no program for this machine (a script needs a first "
          "line like #!/bin/sh)");
}

TEST_CASE("a service that stops answering is restarted", "[integration][failure]") {
    const std::string port = std::to_string(free_port());
    TestProject project{R"(
[service.api]
command = ["@CHILD@", "listen", ")" +
                        port + R"("]
port = )" + port + R"(
health = { url = "http://localhost:${port}/", interval = "200ms", timeout = "100ms", retries = 2 }
restart = { policy = "on-failure", delay = "10ms" }
stop_timeout = "200ms"
)"};
    project.bring_up();
    kill_process(project.pid_of("api"), SIGSTOP);
    const std::string why = project.await_phase("api", "unhealthy");
    CHECK(why.find("failed 2 health checks in a row: no answer within 100ms") == 0);
    const std::size_t after = project.events_so_far();
    project.await_phase("api", "ready", 15s, after);
}

TEST_CASE("too few descriptors are told before anything is started", "[integration][failure]") {
    TestProject project{"[service.api]\ncommand = ['@CHILD@', 'wait']\n"};
    CommandSpec up = project.command({"up", "-d", "--wait"});
    for (const char* limit : {"10", "14", "34"}) {
        INFO(limit);
        CommandSpec spec = up;
        spec.argv = {"/bin/sh", "-c", "ulimit -n \"$0\"; exec \"$@\"", limit};
        spec.argv.insert(spec.argv.end(), up.argv.begin(), up.argv.end());
        const CommandResult refused = run_command(spec);
        CHECK(refused.code == 1);
        CHECK(refused.error ==
              "devstack: too few open files are allowed: devstack takes 35 for 1 service, and the "
              "hard limit is " +
                  std::string{limit} +
                  "; raise it (ulimit -Hn in the shell, LimitNOFILE= of systemd, --ulimit nofile= "
                  "of docker)\n");
    }
    CHECK(project.devstack({"status"}).code == 3);
}

TEST_CASE("a command that gets no thread says so", "[integration][failure]") {
    TestProject project{"[service.api]\ncommand = ['@CHILD@', 'wait']\n"};
    CommandSpec doctor = project.command({"doctor"});
    doctor.argv.insert(doctor.argv.begin(),
                       {"/bin/sh", "-c", "ulimit -s 100000000; exec \"$0\" \"$@\""});
    const CommandResult refused = run_command(doctor);
    CHECK(refused.code == 1);
    CHECK(refused.error ==
          "devstack: cannot start a thread: too many processes, or too little memory, are allowed "
          "(ulimit -u, ulimit -v, pids.max of the cgroup)\n");
}
