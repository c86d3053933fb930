#pragma once

#include "devstack/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace devstack::core {

enum class LogStream : std::uint8_t { standard_output = 0, standard_error = 1 };

/// "stdout", "stderr".
std::string_view name_of(LogStream stream);

/// How far a reader has come in the output of one service. Positions count the bytes that were ever
/// captured from it: they survive rotation, restarts of the service and of devstack.
struct LogPosition {
    std::uint64_t end =
        0;  ///< What comes at or after it has not been delivered, of either stream …
    /// … nor what one stream, `pending_stream`, holds from here on: its line is unfinished or due
    /// next. Equal to `end` when there is no such line.
    std::uint64_t pending = 0;
    LogStream pending_stream = LogStream::standard_output;  ///< stdout unless `pending` < `end`.
    /// The run of which a line has been delivered in part: what this run writes next to that stream
    /// continues the line.
    std::optional<std::uint32_t> continued_output;
    std::optional<std::uint32_t> continued_error;
    bool operator==(const LogPosition&) const = default;
};

/// Of several services. The text form is opaque to clients: "api:1234,web:88/80e~o3" (stderr
/// pending from byte 80, stdout in the middle of a line of run 3).
struct LogCursor {
    std::map<std::string, LogPosition> positions;

    std::string text() const;
    static std::optional<LogCursor> parse(std::string_view text);
    bool operator==(const LogCursor&) const = default;
};

/// One line, as a reader gets it. `text` holds the bytes as captured, without the line end.
struct LogLine {
    std::string service;
    std::uint32_t run = 0;
    WallTime time{};  ///< When its last piece was captured.
    LogStream stream = LogStream::standard_output;
    std::string text;
    bool is_continued = false;  ///< Begins in the middle of a line: an earlier part came before.
    bool is_unfinished =
        false;             ///< Ends without a line end: the next part follows, or never comes.
    LogPosition position;  ///< To continue after this line.
};

/// What was asked for is not there.
struct LogGap {
    enum class Cause : std::uint8_t {
        removed,    ///< By rotation, or by somebody.
        unwritten,  ///< It was dropped when it came, because the log could not be written.
    };
    std::string service;
    std::uint64_t lost_bytes = 0;
    LogPosition continues_at;
    Cause cause = Cause::removed;
    std::size_t lines_before = 0;  ///< So many lines of the answer come before it.
};

/// "removed", "unwritten".
std::string_view name_of(LogGap::Cause cause);

}  // namespace devstack::core
