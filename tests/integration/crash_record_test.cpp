#include "daemon/crash_record.hpp"

#include "devstack/project/crash_records.hpp"

#include "support/catch.hpp"
#include "support/fake_proc.hpp"
#include "unit/project/log_directory.hpp"

#include <optional>

using namespace devstack;
using namespace devstack::daemon;
using namespace devstack::test;
using namespace std::chrono_literals;
using core::api::CrashMessage;
using core::api::ProbeAnswerState;

namespace {

constexpr core::RunId run{{0}, 4};
const WallTime noon = *parse_timestamp("2026-11-21T12:00:00Z", WallTime{});

/// A recorder whose state and logs are in one directory.
class Evidence {
public:
    explicit Evidence(const std::string& vmstat = "") {
        if (!vmstat.empty()) proc.write("vmstat", vmstat);
        project::ProjectPaths paths;
        paths.state_dir = directory.path();
        paths.log_dir = directory.path();
        recorder.emplace(paths, proc.procfs(), noon);
    }

    void collect(core::ExitStatus status, Duration later = 0s) {
        const TimePoint now = TimePoint{} + 1h;
        const core::RunEnd end{4711, status, {3s, 1s, 4096}, now - 10s, now};
        core::api::ServiceState state;
        state.name = "api";
        state.kind = "service";
        state.restarts = 2;
        state.health.probe = "connect to localhost:80";
        state.differences = {"declared 80 and listens on 81"};
        recorder->collect({run, end, "was unhealthy: no", "restart 2 comes after 1s"},
                          state,
                          {now, noon + later});
    }

    CrashMessage record(core::ExitStatus status, Duration later = 0s) {
        collect(status, later);
        CHECK(recorder->write({}, noon + later).empty());
        const auto answer = project::read_crash_records(directory.path(), {{}, 1});
        REQUIRE(answer);
        REQUIRE(answer->crashes.size() == 1);
        return answer->crashes.front();
    }

    FakeProc proc;
    LogDirectory directory;
    std::optional<CrashRecorder> recorder;
};

std::string vmstat(int kills) {
    return "nr_free_pages 1\noom_kill " + std::to_string(kills) + "\nnuma_hit 2\n";
}

}  // namespace

TEST_CASE("a crash record holds all that is known of the end", "[integration][crashes]") {
    Evidence evidence;
    LogFiles{evidence.directory, "api"}
        .out("of the run before\n", 0, 3)
        .out("one\n", 1000, 4)
        .err("two\n", 2000, 4)
        .out("no end", 3000, 4);
    evidence.recorder->probe_answered(run, {true, "accepted", 1ms}, noon - 3s);
    evidence.recorder->probe_answered(run, {false, "refused", 1ms}, noon - 2s);
    evidence.recorder->probe_answered(run, {false, "refused", 2ms}, noon - 1s);

    CrashMessage expected;
    expected.time = "2026-11-21T12:00:00.000Z";
    expected.service = "api";
    expected.kind = "service";
    expected.run = 4;
    expected.pid = 4711;
    expected.ended = "was killed by SIGSEGV (core dumped)";
    expected.signal = 11;
    expected.dumped_core = true;
    expected.why = "was unhealthy: no";
    expected.decision = "restart 2 comes after 1s";
    expected.restarts = 2;
    expected.lived_seconds = 10;
    expected.user_seconds = 3;
    expected.system_seconds = 1;
    expected.peak_memory_bytes = 4096;
    expected.probe = "connect to localhost:80";
    expected.probe_answers = {
        {"2026-11-21T11:59:57.000Z", "2026-11-21T11:59:57.000Z", 1, true, "accepted"},
        {"2026-11-21T11:59:58.000Z", "2026-11-21T11:59:59.000Z", 2, false, "refused"}};
    expected.differences = {"declared 80 and listens on 81"};
    expected.lines = {{"1970-01-01T00:00:01.000Z", "stdout", "one"},
                      {"1970-01-01T00:00:02.000Z", "stderr", "two"},
                      {"1970-01-01T00:00:03.000Z", "stdout", "no end"}};
    const CrashMessage record = evidence.record({0, 11, true});
    CHECK(to_text(record) == to_text(expected));
}

TEST_CASE("of each stream the last fifty lines are kept", "[integration][crashes]") {
    Evidence evidence;
    LogFiles log{evidence.directory, "api"};
    for (int i = 0; i < 60; ++i)
        log.err("error " + std::to_string(i) + "\n", i, 4);
    for (int i = 0; i < 60; ++i)
        log.out("line " + std::to_string(i) + "\n", 100 + i, 4);
    const CrashMessage crash = evidence.record({1, 0});
    REQUIRE(crash.lines.size() == 100);
    CHECK(crash.lines.front().text == "error 10");
    CHECK(crash.lines[49].text == "error 59");
    CHECK(crash.lines[50].text == "line 10");
    CHECK(crash.lines.back().text == "line 59");
}

TEST_CASE("probes are remembered for the current run, and not without end",
          "[integration][crashes]") {
    ProbeHistory history;
    history.add({{0}, 3}, {true, "of the run before", 1ms}, noon);
    CHECK(history.of(run).empty());
    for (int i = 0; i < 30; ++i)
        history.add(run, {false, "answer " + std::to_string(i), 1ms}, noon);
    CHECK(history.of({{0}, 3}).empty());
    const std::vector<ProbeAnswerState> answers = history.of(run);
    REQUIRE(answers.size() == 20);
    CHECK(answers.front().detail == "answer 10");
    CHECK(answers.back().detail == "answer 29");
    CHECK(history.of({{1}, 4}).empty());
}

TEST_CASE("what the kernel did for want of memory is told of who was killed",
          "[integration][crashes]") {
    Evidence evidence{vmstat(7)};
    SECTION("nothing") {
        CHECK(evidence.record({0, 9}).oom_kills == 0);
    }
    SECTION("it killed") {
        evidence.proc.write("vmstat", vmstat(9));
        const CrashMessage crash = evidence.record({0, 9}, 5s);
        CHECK(crash.oom_kills == 2);
        CHECK(crash.oom_kills_since == "2026-11-21T12:00:00.000Z");
        // That is not told again.
        CHECK(evidence.record({0, 9}, 6s).oom_kills == 0);
    }
    SECTION("but not this one") {
        evidence.proc.write("vmstat", vmstat(9));
        CHECK(evidence.record({3, 0}).oom_kills == 0);
    }
    SECTION("it does not say") {
        evidence.proc.write("vmstat", "nr_free_pages 1\n");
        CHECK(evidence.record({0, 9}).oom_kills == 0);
    }
}

TEST_CASE("what could not be recorded is told", "[integration][crashes]") {
    Evidence evidence;
    evidence.directory.write("crashes", "a file");
    evidence.collect({1, 0});
    const std::vector<Error> problems = evidence.recorder->write({}, noon);
    REQUIRE(problems.size() == 1);
    CHECK(problems.front().message ==
          "api: will not use " + evidence.directory.file("crashes") + ": it is not a directory");
    CHECK(evidence.recorder->write({}, noon).empty());
}

TEST_CASE("a record waits for the evidence of its run, and has it", "[integration][crashes]") {
    Evidence evidence;
    const std::vector<std::string> secrets{"swordfish42"};
    const auto records = [&] {
        return project::read_crash_records(evidence.directory.path(), {{}, 9})->crashes;
    };
    evidence.recorder->expect_evidence(run);
    evidence.collect({0, 3});
    CHECK(evidence.recorder->write(secrets, noon).empty());
    CHECK(records().empty());

    SECTION("that has come") {
        core::api::DiagnosisMessage diagnosis;
        diagnosis.findings = {
            {"deadlock", "api", "It hangs.", "sure", {"at swordfish42"}, {}, {}, "restart it"}};
        diagnosis.threads = {"thread main (7): waits"};
        evidence.recorder->add_evidence(run, diagnosis);
        CHECK(evidence.recorder->write(secrets, noon).empty());
        REQUIRE(records().size() == 1);
        REQUIRE(records()[0].finding);
        CHECK(records()[0].finding->cause == "It hangs.");
        CHECK(records()[0].finding->evidence == std::vector<std::string>{"at ***"});
        CHECK(records()[0].threads == diagnosis.threads);
    }
    SECTION("that could not be had") {
        evidence.recorder->add_evidence(run, Error{Error::Kind::timed_out, "it took too long"});
        CHECK(evidence.recorder->write(secrets, noon).empty());
        REQUIRE(records().size() == 1);
        CHECK(records()[0].evidence_problem == "it took too long");
    }
    SECTION("but not beyond the end of the daemon") {
        CHECK(evidence.recorder->write(secrets, noon, true).empty());
        REQUIRE(records().size() == 1);
        CHECK(records()[0].evidence_problem == "devstack ended before it came");
    }
    SECTION("of another run nothing") {
        evidence.recorder->add_evidence({{0}, 5}, core::api::DiagnosisMessage{});
        CHECK(evidence.recorder->write(secrets, noon).empty());
        CHECK(records().empty());
    }
}
