#include "devstack/project/crash_records.hpp"

#include "support/catch.hpp"
#include "unit/project/temporary_directory.hpp"

using namespace devstack;
using namespace devstack::project;
using namespace devstack::test;
using core::api::CrashMessage;

namespace {

CrashMessage crash_of(const std::string& service, int second) {
    CrashMessage crash;
    const std::string digits = std::to_string(second);
    crash.time = "2026-11-21T12:00:" + std::string(2 - digits.size(), '0') + digits + ".123Z";
    crash.service = service;
    crash.run = static_cast<std::uint32_t>(second + 1);
    crash.ended = "exited with code 3";
    crash.why = "exited with code 3";
    crash.decision = "restart 1 comes after 500ms";
    crash.lines = {{crash.time, "stderr", "the end"}};
    return crash;
}

CrashAnswer read(const TemporaryDirectory& state,
                 const std::vector<std::string>& services = {},
                 std::size_t count = 100) {
    const Result<CrashAnswer> answer = read_crash_records(state.path(), {services, count});
    REQUIRE(answer);
    return *answer;
}

}  // namespace

TEST_CASE("crash records are read newest first", "[unit][project]") {
    const TemporaryDirectory state;
    for (const auto& [service, second] : std::vector<std::pair<std::string, int>>{
             {"api", 1}, {"web", 3}, {"api-v2", 2}, {"api", 4}}) {
        REQUIRE(write_crash_record(state.path(), crash_of(service, second)));
    }
    CHECK(read(state).crashes ==
          std::vector<CrashMessage>{
              crash_of("api", 4), crash_of("web", 3), crash_of("api-v2", 2), crash_of("api", 1)});
    CHECK(read(state, {"api"}).crashes ==
          std::vector<CrashMessage>{crash_of("api", 4), crash_of("api", 1)});
    CHECK(read(state, {"api", "api-v2"}, 2).crashes ==
          std::vector<CrashMessage>{crash_of("api", 4), crash_of("api-v2", 2)});
    CHECK(find_crashed_services(state.path()) == std::vector<std::string>{"api", "api-v2", "web"});
}

TEST_CASE("where nothing has crashed there is nothing to read", "[unit][project]") {
    const TemporaryDirectory state;
    CHECK(read(state).crashes.empty());
    CHECK(read(state).damaged.empty());
    CHECK(find_crashed_services(state.at("nowhere")).empty());
}

TEST_CASE("of each service the newest twenty records are kept", "[unit][project]") {
    const TemporaryDirectory state;
    REQUIRE(write_crash_record(state.path(), crash_of("api-v2", 0)));
    for (int second = 0; second < 25; ++second)
        REQUIRE(write_crash_record(state.path(), crash_of("api", second)));
    const CrashAnswer answer = read(state, {"api"});
    REQUIRE(answer.crashes.size() == 20);
    CHECK(answer.crashes.front() == crash_of("api", 24));
    CHECK(answer.crashes.back() == crash_of("api", 5));
    CHECK(read(state, {"api-v2"}).crashes.size() == 1);
}

TEST_CASE("a damaged record is passed over with a note", "[unit][project]") {
    const TemporaryDirectory state;
    for (int second = 1; second <= 3; ++second)
        REQUIRE(write_crash_record(state.path(), crash_of("api", second)));
    const std::string torn = "crashes/api-2026-11-21T12:00:02.123Z.json";
    state.write(torn, state.read(torn).substr(0, 50));
    state.write("crashes/api-2026-11-21T12:00:09.123Z.json", "");
    // Not ours, or not finished.
    state.write("crashes/notes.txt", "x");
    state.write("crashes/api-2026-11-21T12:00:07.123Z.json.new.Ab3xyz", "{}");
    state.write("crashes/api-2026-99-21T12:00:03.123Z.json", "{}");

    const CrashAnswer answer = read(state, {}, 2);
    CHECK(answer.crashes == std::vector<CrashMessage>{crash_of("api", 3), crash_of("api", 1)});
    CHECK(answer.damaged ==
          std::vector<std::string>{
              "left out the crash record " + state.at("crashes") +
                  "/api-2026-11-21T12:00:09.123Z.json: not valid JSON at byte 0: incomplete JSON",
              "left out the crash record " + state.at("crashes") +
                  "/api-2026-11-21T12:00:02.123Z.json: not valid JSON at byte 50: incomplete "
                  "JSON"});
}

TEST_CASE("records that may not be read are no empty list", "[unit][project]") {
    const TemporaryDirectory state;
    state.write("crashes", "a file");
    const Result<CrashAnswer> answer = read_crash_records(state.path(), {{}, 5});
    REQUIRE_FALSE(answer);
    CHECK(answer.error().message == "cannot read " + state.at("crashes") + ": Not a directory");
}
