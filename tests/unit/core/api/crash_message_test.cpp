#include "devstack/core/api/crash_message.hpp"

#include "support/catch.hpp"

using namespace devstack;
using namespace devstack::core::api;

namespace {

CrashMessage full_crash() {
    CrashMessage crash;
    crash.time = "2026-11-21T12:00:03.123Z";
    crash.service = "api";
    crash.kind = "service";
    crash.run = 4;
    crash.pid = 4711;
    crash.ended = "was killed by SIGKILL";
    crash.signal = 9;
    crash.why = "was unhealthy: status 500";
    crash.decision = "restart 2 comes after 500ms";
    crash.restarts = 2;
    crash.lived_seconds = 63.5;
    crash.user_seconds = 1.25;
    crash.system_seconds = 0.5;
    crash.peak_memory_bytes = 104857600;
    crash.oom_kills = 1;
    crash.oom_kills_since = "2026-11-21T11:00:00.000Z";
    crash.probe = "GET http://localhost:3101/health";
    crash.probe_answers = {
        {"2026-11-21T11:59:00.000Z", "2026-11-21T11:59:50.000Z", 6, true, "status 200"},
        {"2026-11-21T12:00:00.000Z", "2026-11-21T12:00:00.000Z", 1, false, "status 500"}};
    crash.differences = {"declared 3101 and listens on 3001"};
    crash.lines = {{"2026-11-21T12:00:02.000Z", "stdout", "one"},
                   {"2026-11-21T12:00:03.000Z", "stderr", "the \"end\""}};
    crash.log_problem = "permission denied";
    return crash;
}

const std::string full_crash_text =
    R"({"time":"2026-11-21T12:00:03.123Z","service":"api","kind":"service","run":4,"pid":4711,)"
    R"("ended":"was killed by SIGKILL","code":0,"signal":9,"dumped_core":false,)"
    R"("why":"was unhealthy: status 500","decision":"restart 2 comes after 500ms","restarts":2,)"
    R"("lived_seconds":63.5,"user_seconds":1.25,"system_seconds":0.5,)"
    R"("peak_memory_bytes":104857600,"oom_kills":1,)"
    R"("oom_kills_since":"2026-11-21T11:00:00.000Z",)"
    R"("probe":"GET http://localhost:3101/health","probe_answers":[)"
    R"({"first_time":"2026-11-21T11:59:00.000Z","last_time":"2026-11-21T11:59:50.000Z",)"
    R"("count":6,"success":true,"detail":"status 200"},)"
    R"({"first_time":"2026-11-21T12:00:00.000Z","last_time":"2026-11-21T12:00:00.000Z",)"
    R"("count":1,"success":false,"detail":"status 500"}],)"
    R"("differences":["declared 3101 and listens on 3001"],"lines":[)"
    R"({"time":"2026-11-21T12:00:02.000Z","stream":"stdout","text":"one"},)"
    R"({"time":"2026-11-21T12:00:03.000Z","stream":"stderr","text":"the \"end\""}],)"
    R"("log_problem":"permission denied"})";

}  // namespace

TEST_CASE("a crash record is written and read back", "[unit][api]") {
    CHECK(to_text(full_crash()) == full_crash_text);
    const Result<CrashMessage> read = parse_crash(full_crash_text);
    REQUIRE(read);
    CHECK(*read == full_crash());
}

TEST_CASE("a crash record that is none is refused with the reason", "[unit][api]") {
    CHECK(parse_crash("").error().message == "not valid JSON at byte 0: incomplete JSON");
    CHECK(parse_crash("{}").error().message == "time: is missing");
    CHECK(parse_crash(full_crash_text.substr(0, 100)).error().message ==
          "not valid JSON at byte 100: incomplete JSON");
    CHECK(parse_crash(R"({"time":7})").error().message ==
          "time: expected a string, found a number");
}
