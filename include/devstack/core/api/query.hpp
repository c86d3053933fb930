#pragma once

#include "devstack/base/result.hpp"
#include "devstack/base/time.hpp"
#include "devstack/core/api/messages.hpp"
#include "devstack/core/logs/log_line.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What can be asked of GET /v1/state, /v1/events and /v1/logs, as values. Both sides use these, so
// that a parameter has one spelling and one meaning.
namespace devstack::core::api {

/// Of a request's target: in order, decoded, names may repeat.
using Parameters = std::vector<std::pair<std::string, std::string>>;

struct Target {
    std::string path;  ///< "/v1/logs"
    Parameters parameters;
    bool operator==(const Target&) const = default;
};

/// Takes "/v1/logs?service=api&grep=a%20b" apart. Fails on what is not a path or badly encoded.
Result<Target> parse_target(std::string_view text);
/// The other way round.
std::string render_target(const Target& target);

/// GET /v1/state?usage=1&detail=brief
struct StateRequest {
    bool wants_usage = false;  ///< CPU and memory, which cost a look at /proc.
    StateDetail detail = StateDetail::all;
    bool operator==(const StateRequest&) const = default;
};

/// GET /v1/events?after=17&service=api&wait=30s&limit=100
struct EventRequest {
    std::optional<std::uint64_t> after;  ///< Wins over `tail`.
    std::optional<std::size_t> tail;
    std::vector<std::string> services;  ///< Empty: all, and the project's own.
    Duration wait{};                    ///< With nothing to tell yet, the answer may take so long.
    std::optional<std::size_t> limit;
    bool operator==(const EventRequest&) const = default;
};

/// GET /v1/logs?service=api&service=web&after=CURSOR&wait=30s
struct LogRequest {
    std::vector<std::string> services;  ///< Empty: all.
    std::optional<LogCursor> after;     ///< Wins over `tail`.
    std::optional<std::size_t> tail;
    std::optional<WallTime> since;
    std::optional<WallTime> until;
    std::optional<LogStream> stream;
    std::string pattern;  ///< Parameter `grep`; ECMAScript.
    Duration wait{};
    std::optional<std::size_t> limit;
    bool operator==(const LogRequest&) const = default;
};

// parse_*: fail with kind invalid and a message that names the parameter. Unknown parameters fail.
Result<StateRequest> parse_state_request(const Parameters& parameters);
Result<EventRequest> parse_event_request(const Parameters& parameters);
/// `now` is what "12:00" and "10m" (ago) are relative to.
Result<LogRequest> parse_log_request(const Parameters& parameters, WallTime now);

/// The whole target: path and parameters.
std::string render_request(const StateRequest& request);
std::string render_request(const EventRequest& request);
std::string render_request(const LogRequest& request);

/// A point in time as a person writes it: "10m" (ago), "12:00", "2026-11-21T12:00:03Z".
Result<WallTime> parse_moment(std::string_view text, WallTime now);

}  // namespace devstack::core::api
