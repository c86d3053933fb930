#pragma once

#include "devstack/base/result.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace devstack {

/// The clock for decisions: monotonic, keeps standing still for nobody, survives changes of the
/// date. Only the platform reads it; everybody else is handed a value.
using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::nanoseconds;

/// The clock for people: what a wall clock shows, UTC inside. It may jump.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

/// Reads "500ms", "10s", "1m30s", "2h", "1d"; units ms, s, m, h, d, us. A number needs a unit,
/// except 0. Fails with a message that shows the text and the accepted form; never negative.
Result<Duration> parse_duration(std::string_view text);

/// The shortest form for people: "250ms", "1.5s", "42s", "3m 20s", "2h 5m", "4d 2h".
std::string render_duration(Duration duration);

/// RFC 3339 in UTC with milliseconds: "2026-11-21T12:00:03.123Z". The form of every API and file.
std::string render_timestamp(WallTime time);

/// Reads RFC 3339 ("2026-11-21T12:00:03Z", with fraction or offset), or "2026-11-21 12:00[:03]" and
/// "12:00[:03]" as UTC on the day of `now`.
Result<WallTime> parse_timestamp(std::string_view text, WallTime now);

}  // namespace devstack
