#include "devstack/base/time.hpp"

#include "support/catch.hpp"

#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace devstack;

namespace {

WallTime at(std::chrono::sys_days day, Duration since_midnight) {
    return WallTime{day} + since_midnight;
}

constexpr std::chrono::sys_days november_21{std::chrono::year{2026} / 11 / 21};
const WallTime noon = at(november_21, 12h + 3s + 123ms);

}  // namespace

TEST_CASE("durations are read with units and in parts", "[unit][base]") {
    const std::vector<std::pair<std::string, Duration>> cases{
        {"0", 0s},
        {"500ms", 500ms},
        {"10s", 10s},
        {"1m30s", 90s},
        {"2h", 2h},
        {"1d", 24h},
        {"250us", 250us},
        {"1.5s", 1500ms},
        {"3m 20s", 200s},
        {"0.000001ms", 1ns},
        {"0s", 0s},
        {"007s", 7s},
    };
    for (const auto& [text, duration] : cases) {
        INFO(text);
        const Result<Duration> result = parse_duration(text);
        REQUIRE(result);
        CHECK(result.value() == duration);
    }
}

TEST_CASE("what is not a duration is refused with an example", "[unit][base]") {
    for (const std::string text : {"",
                                   "10",
                                   "s",
                                   "10 s",
                                   "-1s",
                                   "1x",
                                   "1s ",
                                   "1..5s",
                                   "1.s",
                                   "99999999999999999999s",
                                   "300000d",
                                   "1s\n",
                                   "1 000ms"}) {
        INFO(text);
        CHECK_FALSE(parse_duration(text));
    }
    CHECK(parse_duration("10").error().message ==
          "\"10\" is not a duration: write numbers with the units us, ms, s, m, h or d, such as "
          "\"500ms\", \"10s\" or \"1m30s\"");
}

TEST_CASE("durations are shown in their two biggest units", "[unit][base]") {
    const std::vector<std::pair<Duration, std::string>> cases{
        {0s, "0s"},
        {17ns, "17ns"},
        {500us, "500us"},
        {250ms, "250ms"},
        {1500ms, "1.5s"},
        {1s, "1s"},
        {9999ms, "9.9s"},
        {42s, "42s"},
        {42900ms, "42s"},
        {60s, "1m"},
        {200s, "3m 20s"},
        {2h + 5min, "2h 5m"},
        {24h, "1d"},
        {98h + 59min, "4d 2h"},
        {-5s, "-5s"},
        {2h, "2h"},
        {Duration::max(), "106751d 23h"},
        {Duration::min(), "-106751d 23h"},
    };
    for (const auto& [duration, text] : cases) {
        CHECK(render_duration(duration) == text);
    }
}

TEST_CASE("timestamps are RFC 3339 in UTC with milliseconds", "[unit][base]") {
    CHECK(render_timestamp(noon) == "2026-11-21T12:00:03.123Z");
    CHECK(render_timestamp(WallTime{} - 1ms) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("timestamps are read in each accepted form", "[unit][base]") {
    const std::vector<std::pair<std::string, WallTime>> cases{
        {"2026-11-21T12:00:03.123Z", noon},
        {"2026-11-21T13:00:03.123+01:00", noon},
        {"2026-11-21t12:00:03.123z", noon},
        {"2026-11-21T06:30:03.123-0530", noon},
        {"2026-11-21T12:00:03Z", noon - 123ms},
        {"2026-11-21 12:00", at(november_21, 12h)},
        {"2026-11-21 12:00:03", at(november_21, 12h + 3s)},
        {"2026-11-21", at(november_21, 0s)},
        {"09:12", at(november_21, 9h + 12min)},
        {"09:12:44", at(november_21, 9h + 12min + 44s)},
    };
    for (const auto& [text, time] : cases) {
        INFO(text);
        const Result<WallTime> result = parse_timestamp(text, noon);
        REQUIRE(result);
        CHECK(render_timestamp(result.value()) == render_timestamp(time));
    }
}

TEST_CASE("what is not a timestamp is refused with the accepted forms", "[unit][base]") {
    for (const std::string text : {"",
                                   "noon",
                                   "2026-02-30",
                                   "2026-11-21T",
                                   "2026-11-21T25:00",
                                   "12",
                                   "12:60",
                                   "09:12Z",
                                   "2026-11-21T12:00:03+1",
                                   "9999-01-01"}) {
        INFO(text);
        CHECK_FALSE(parse_timestamp(text, noon));
    }
    CHECK(parse_timestamp("noon", noon).error().message ==
          "\"noon\" is not a time: write it as \"2026-11-21T12:00:03Z\", \"2026-11-21 12:00\" or "
          "\"12:00\" (UTC)");
}
