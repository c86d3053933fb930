#include "cli/local_moment.hpp"

#include "support/catch.hpp"

#include <cstdlib>
#include <ctime>

using namespace devstack;
using namespace devstack::cli;
using namespace std::chrono_literals;

namespace {

const WallTime now = *parse_timestamp("2026-11-21T12:00:00Z", WallTime{});

/// What the text means in that time zone, in UTC.
std::string meant(const char* zone, const std::string& text) {
    setenv("TZ", zone, 1);
    tzset();
    const Result<WallTime> moment = parse_local_moment(text, now);
    setenv("TZ", "UTC", 1);
    tzset();
    return moment ? render_timestamp(*moment) : "refused";
}

}  // namespace

TEST_CASE("a time without a zone is that of the clock on the wall", "[unit][cli]") {
    CHECK(meant("UTC", "11:30") == "2026-11-21T11:30:00.000Z");
    CHECK(meant("CET-1", "11:30") == "2026-11-21T10:30:00.000Z");
    CHECK(meant("EST5", "2026-11-20 23:00") == "2026-11-21T04:00:00.000Z");
    // 12:00 in London is 01:00 of the next day in Auckland: "today" is theirs.
    CHECK(meant("NZDT-13", "00:30") == "2026-11-21T11:30:00.000Z");
}

TEST_CASE("a time with a zone, and how long ago, mean the same everywhere", "[unit][cli]") {
    CHECK(meant("EST5", "2026-11-21T11:30:00Z") == "2026-11-21T11:30:00.000Z");
    CHECK(meant("EST5", "2026-11-21T11:30:00+01:00") == "2026-11-21T10:30:00.000Z");
    CHECK(meant("EST5", "10m") == "2026-11-21T11:50:00.000Z");
    CHECK(meant("EST5", "yesterday") == "refused");
}

TEST_CASE("summer time counts if it was summer then", "[unit][cli]") {
    const char* const berlin = "CET-1CEST,M3.5.0,M10.5.0/3";
    CHECK(meant(berlin, "2026-07-01 12:00") == "2026-07-01T10:00:00.000Z");
    CHECK(meant(berlin, "2026-11-01 12:00") == "2026-11-01T11:00:00.000Z");
}
