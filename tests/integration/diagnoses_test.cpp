// When the daemon asks the doctor, and what becomes of the answer. Real time and a real loop; the
// doctor's process is played.

#include "daemon/diagnoses.hpp"

#include "devstack/platform/clock.hpp"

#include "daemon/doctor_runner.hpp"
#include "support/catch.hpp"

#include <map>

#include <boost/asio/io_context.hpp>

using namespace devstack;
using namespace std::chrono_literals;
using core::api::DiagnosisMessage;

namespace {

DiagnosisMessage make_diagnosis() {
    DiagnosisMessage diagnosis;
    diagnosis.is_healthy = false;
    diagnosis.findings = {{"server-not-running",
                           "api",
                           "Redis is not running.",
                           "sure",
                           {},
                           {},
                           {"web"},
                           "start it"}};
    return diagnosis;
}

struct World {
    void change(const std::string& service, const std::string& phase) {
        phases[service] = phase;
        diagnoses.phase_changed(service, phase, platform::now());
    }
    std::string cause_of(const std::string& service) const {
        core::api::ServiceState state;
        state.name = service;
        diagnoses.add_to(state);
        return state.finding ? state.finding->cause : "";
    }
    /// Runs the loop until something is asked, or until nothing is left to wait for.
    void run_until_asked() {
        while (questions.empty() && loop.run_one() > 0) {
        }
    }

    boost::asio::io_context loop;
    std::map<std::string, std::string> phases;
    std::vector<daemon::Diagnoses::Done> questions;
    daemon::Diagnoses diagnoses{
        loop,
        {[this](const std::string& service) { return phases[service]; },
         [this](daemon::Diagnoses::Done done) { questions.push_back(std::move(done)); }}};
};

/// Answers as it is told to.
struct FakeLauncher final : daemon::CommandLauncher {
    std::uint64_t launch(platform::SpawnRequest request,
                         std::function<void(Ended)> on_end,
                         std::size_t /*output_max*/) override {
        requests.push_back(std::move(request));
        ends.push_back(std::move(on_end));
        return ends.size();
    }
    void cancel(std::uint64_t ticket) override { cancelled.push_back(ticket); }

    std::vector<platform::SpawnRequest> requests;
    std::vector<std::function<void(Ended)>> ends;
    std::vector<std::uint64_t> cancelled;
};

struct Asked {
    explicit Asked(const std::string& kind, Duration limit = 30s) {
        runner.ask({kind, "api", 1s, limit},
                   {"/p", "/p/state", "/p/logs", "/p/run"},
                   {{"A", "b"}},
                   [this](Result<DiagnosisMessage> it) { answer = std::move(it); });
    }
    boost::asio::io_context loop;
    FakeLauncher launcher;
    daemon::DoctorRunner runner{loop, launcher};
    std::optional<Result<DiagnosisMessage>> answer;
};

}  // namespace

TEST_CASE("a service that is in trouble for a moment is looked at, once for all",
          "[integration][doctor]") {
    World world;
    world.change("api", "failed");
    world.change("web", "backing-off");
    world.run_until_asked();
    REQUIRE(world.questions.size() == 1);
    CHECK(world.cause_of("api").empty());
    world.questions[0](make_diagnosis());
    CHECK(world.cause_of("api") == "Redis is not running.");
    CHECK(world.cause_of("web") == "Redis is not running.");
    CHECK(world.cause_of("db").empty());
    SECTION("what is well again has no cause any more") {
        world.change("api", "ready");
        CHECK(world.cause_of("api").empty());
        CHECK(world.cause_of("web") == "Redis is not running.");
    }
    SECTION("the same trouble is not looked at again at once") {
        world.questions.clear();
        world.change("api", "backing-off");
        world.loop.restart();
        world.loop.run_for(1500ms);
        CHECK(world.questions.empty());
    }
}

TEST_CASE("what mends itself is not looked at, and then no timer runs", "[integration][doctor]") {
    World world;
    world.change("api", "failed");
    world.change("api", "ready");
    world.loop.run();
    CHECK(world.questions.empty());
}

TEST_CASE("an answer that comes too late for its service is dropped", "[integration][doctor]") {
    World world;
    world.change("api", "unhealthy");
    world.run_until_asked();
    REQUIRE(world.questions.size() == 1);
    world.change("api", "ready");
    world.questions[0](make_diagnosis());
    CHECK(world.cause_of("api").empty());
}

TEST_CASE("the doctor is a process with its words and our environment", "[integration][doctor]") {
    Asked asked{"evidence"};
    REQUIRE(asked.launcher.requests.size() == 1);
    const platform::SpawnRequest& request = asked.launcher.requests[0];
    CHECK(request.argv == std::vector<std::string>{"/proc/self/exe",
                                                   "__doctor",
                                                   "evidence",
                                                   "1000",
                                                   "/p",
                                                   "/p/state",
                                                   "/p/logs",
                                                   "/p/run",
                                                   "api"});
    CHECK(request.environment == std::vector<std::string>{"A=b"});
    asked.launcher.ends[0]({true, "", 0, 0, core::api::to_text(make_diagnosis())});
    asked.loop.run();
    REQUIRE((asked.answer && *asked.answer));
    CHECK(**asked.answer == make_diagnosis());
}

TEST_CASE("a doctor that fails is told with what became of it", "[integration][doctor]") {
    const auto message_of = [](const daemon::CommandLauncher::Ended& ended) {
        Asked asked{"causes"};
        asked.launcher.ends[0](ended);
        asked.loop.run();
        return asked.answer->error().message;
    };
    CHECK(message_of({true, "", 0, 11, ""}) == "the doctor was killed by SIGSEGV");
    CHECK(message_of({true, "", 70, 0, ""}) == "the doctor exited with code 70");
    CHECK(message_of({false, "no more processes", 0, 0, ""}) == "no more processes");
}

TEST_CASE("a doctor that takes too long is ended, and is no reason to wait",
          "[integration][doctor]") {
    Asked asked{"evidence", 50ms};
    asked.loop.run();
    REQUIRE(asked.answer);
    CHECK(asked.answer->error().message == "the doctor has not answered within 50ms");
    CHECK(asked.launcher.cancelled == std::vector<std::uint64_t>{1});
    // Its end comes later, and means nothing.
    asked.launcher.ends[0]({true, "", 0, 9, ""});
}
