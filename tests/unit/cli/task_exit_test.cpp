#include "cli/task_exit.hpp"

#include "support/catch.hpp"

using namespace devstack::cli;
using devstack::core::api::ExitState;
using devstack::core::api::ServiceState;

namespace {

ServiceState task(const std::string& phase, const std::string& why, std::uint32_t run) {
    ServiceState it;
    it.name = "migrate";
    it.kind = "task";
    it.phase = phase;
    it.why = why;
    it.run = run;
    return it;
}

}  // namespace

TEST_CASE("a task that is not over has no exit code", "[unit][cli]") {
    for (const char* const phase : {"waiting", "starting", "preparing", "stopping", "ready"}) {
        CHECK(task_exit_code(task(phase, "", 2), 1) == std::nullopt);
    }
    // This is how its last run ended.
    CHECK(task_exit_code(task("completed", "exited with code 0", 1), 1) == std::nullopt);
    CHECK(task_exit_code(task("stopped", "", 1), 1) == std::nullopt);
}

TEST_CASE("the code is the task's own", "[unit][cli]") {
    ServiceState failed = task("failed", "whatever", 2);
    failed.last_exit = ExitState{3, 0};
    CHECK(task_exit_code(failed, 1) == 3);
    failed.last_exit = ExitState{0, 9};
    CHECK(task_exit_code(failed, 1) == 137);
    ServiceState completed = task("completed", "exited with code 0", 2);
    completed.last_exit = ExitState{0, 0};
    CHECK(task_exit_code(completed, 1) == 0);
}

TEST_CASE("a daemon that does not tell the exit tells it in words", "[unit][cli]") {
    CHECK(task_exit_code(task("failed", "exited with code 7", 2), 1) == 7);
    CHECK(task_exit_code(task("failed", "was killed by SIGKILL (core dumped)", 2), 1) == 137);
    CHECK(task_exit_code(task("completed", "it is done", 2), 1) == 0);
}

TEST_CASE("a task that failed before it ran has failed", "[unit][cli]") {
    CHECK(task_exit_code(task("failed", "cannot execute nope: no such file", 1), 1) == 1);
    CHECK(task_exit_code(task("failed", "cannot execute nope: no such file", 2), 1) == 1);
}
