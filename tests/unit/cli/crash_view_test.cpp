#include "cli/crash_view.hpp"

#include "support/catch.hpp"

using namespace devstack;
using namespace devstack::cli;
using core::api::CrashMessage;

namespace {

const WallTime now = *parse_timestamp("2026-11-21T13:00:00Z", WallTime{});
const Terminal in_pipe{};

CrashMessage exit_of_api() {
    CrashMessage crash;
    crash.time = "2026-11-21T12:00:03.123Z";
    crash.service = "api";
    crash.run = 4;
    crash.pid = 812;
    crash.ended = "exited with code 3";
    crash.code = 3;
    crash.why = "exited with code 3";
    crash.decision = "restart 2 comes after 500ms";
    crash.lived_seconds = 0.0123;
    crash.user_seconds = 0.004;
    crash.system_seconds = 0.002;
    crash.peak_memory_bytes = 4 * 1024 * 1024;
    return crash;
}

CrashMessage kill_of_web() {
    CrashMessage crash;
    crash.time = "2026-11-20T12:00:03.123Z";
    crash.service = "web";
    crash.run = 1;
    crash.pid = 814;
    crash.ended = "was killed by SIGKILL";
    crash.signal = 9;
    crash.why = "was unhealthy: status 500";
    crash.decision = "given up after 5 restarts within 1m";
    crash.lived_seconds = 7325.5;
    crash.user_seconds = 61.25;
    crash.system_seconds = 1.5;
    crash.peak_memory_bytes = 100 * 1024 * 1024;
    crash.oom_kills = 2;
    crash.oom_kills_since = "2026-11-20T11:00:00.000Z";
    crash.probe = "GET http://localhost:3000/health";
    crash.probe_answers = {
        {"2026-11-20T11:58:00.000Z", "2026-11-20T11:59:50.000Z", 12, true, "status 200"},
        {"2026-11-20T12:00:00.000Z", "2026-11-20T12:00:00.000Z", 1, false, "status 500"}};
    crash.differences = {"declared 3000 and listens on 3001"};
    crash.lines = {{"2026-11-20T12:00:02.000Z", "stdout", "\x1b[31mred\x1b[0m \x1b[2Jone"},
                   {"2026-11-20T12:00:03.000Z", "stderr", "the end"}};
    return crash;
}

}  // namespace

TEST_CASE("crashes are listed with what came of them", "[unit][cli]") {
    CHECK(render_crashes({exit_of_api(), kill_of_web()}, in_pipe, now) ==
          "TIME             SERVICE  RUN  ENDED                  DECISION"
          "                             REASON\n"
          "12:00:03         api        4  exited with code 3     restart 2 comes after 500ms"
          "          -\n"
          "Nov 20 12:00:03  web        1  was killed by SIGKILL  given up after 5 restarts within "
          "1m  was unhealthy: status 500\n");
}

TEST_CASE("one crash is told with all evidence", "[unit][cli]") {
    CHECK(render_crash(kill_of_web(), in_pipe, now) ==
          "web was killed by SIGKILL at Nov 20 12:00:03\n"
          "  run       1, pid 814, lived 2h 2m\n"
          "  reason    was unhealthy: status 500\n"
          "  decision  given up after 5 restarts within 1m\n"
          "  used      CPU 1m 1s user and 1.5s system, memory 100 MiB at most\n"
          "  memory    the kernel has ended 2 processes of this host for want of memory since "
          "Nov 20 11:00:00; this may be one of them\n"
          "  probe     GET http://localhost:3000/health\n"
          "  but       declared 3000 and listens on 3001\n"
          "\nlast answers of its probe:\n"
          "  Nov 20 11:58:00 good   status 200 (12 times, until Nov 20 11:59:50)\n"
          "  Nov 20 12:00:00 failed status 500\n"
          "\nlast lines of its log:\n"
          "  Nov 20 12:00:02 stdout red one\n"
          "  Nov 20 12:00:03 stderr the end\n");
}

TEST_CASE("a crash without evidence says so", "[unit][cli]") {
    const std::string head =
        "api exited with code 3 at 12:00:03\n"
        "  run       4, pid 812, lived 12ms\n"
        "  decision  restart 2 comes after 500ms\n"
        "  used      CPU 4ms user and 2ms system, memory 4 MiB at most\n";
    CrashMessage crash = exit_of_api();
    CHECK(render_crash(crash, in_pipe, now) == head + "\nthis run wrote nothing\n");
    crash.log_problem = "permission denied";
    CHECK(render_crash(crash, in_pipe, now) ==
          head + "\nits log could not be read: permission denied\n");
}

TEST_CASE("colour says which stream a line came from", "[unit][cli]") {
    CrashMessage crash = exit_of_api();
    crash.lines = {{"2026-11-21T12:00:03.000Z", "stderr", "the end"}};
    const Terminal terminal{true, true, 100};
    CHECK(render_crash(crash, terminal, now).find("\x1b[31mstderr\x1b[0m the end\n") !=
          std::string::npos);
}

TEST_CASE("a crash of which the log tells the cause says so", "[unit]") {
    CrashMessage crash = exit_of_api();
    crash.lines = {{"2026-11-21T12:00:03.000Z",
                    "stderr",
                    "Error: EACCES: permission denied, open '/var/log/shop.log'"}};
    const std::string text = render_crash(crash, in_pipe, now);
    CHECK(text.find("  cause     api may not open /var/log/shop.log: permission denied.\n") !=
          std::string::npos);
}

TEST_CASE("a process that the kernel has killed for want of memory is told", "[unit]") {
    CrashMessage crash = kill_of_web();
    crash.why = crash.ended;
    const std::string text = render_crash(crash, in_pipe, now);
    CHECK(
        text.find("  cause     web was killed (SIGKILL), most probably by the kernel's OOM killer: "
                  "out of memory, at 100 MiB.\n") != std::string::npos);
}
