#pragma once

#include "devstack/base/result.hpp"
#include "devstack/core/logs/log_line.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace devstack::project {

/// Which lines somebody wants.
struct LogQuery {
    std::vector<std::string> services;
    std::optional<core::LogCursor> after;  ///< Continue there; wins over `tail`.
    std::optional<std::size_t> tail;  ///< The last so many lines that fit, all services together.
    std::optional<WallTime> since;
    std::optional<WallTime> until;
    std::optional<core::LogStream> stream;
    std::string pattern;           ///< ECMAScript regex searched in the line; empty: all.
    std::size_t lines_max = 5000;  ///< Of one answer; `is_complete` tells whether it bit.
    std::size_t bytes_max = 4 * 1024 * 1024;
    std::vector<std::string> secrets;  ///< Hidden in the lines; as in core::Plan.
    WallTime now{};                    ///< Decides whether an unfinished last line is shown yet.
};

struct LogAnswer {
    std::vector<core::LogLine> lines;  ///< By time, in order within each service.
    /// In the order of their places. They come before all lines, except when `tail` was asked for:
    /// otherwise an answer ends before a gap.
    std::vector<core::LogGap> gaps;
    core::LogCursor cursor;   ///< Pass as `after` to go on. Names every service asked for.
    bool is_complete = true;  ///< False: more is there now.
    /// An unfinished last line has been held back; ask again after this time to get it.
    std::optional<Duration> unfinished_in;
};

/// Reads the log files of a project, whether or not a daemon is running. Stateless: everything a
/// reader needs to go on is in the cursor. Fails on an invalid `pattern` (kind invalid).
Result<LogAnswer> read_logs(const std::string& log_dir, const LogQuery& query);

/// Names of the services that have a log file there, sorted.
std::vector<std::string> find_logged_services(const std::string& log_dir);

}  // namespace devstack::project
