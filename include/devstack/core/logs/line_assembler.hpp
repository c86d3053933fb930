#pragma once

#include "devstack/base/time.hpp"
#include "devstack/core/logs/line_pattern.hpp"
#include "devstack/core/logs/log_line.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace devstack::core {

/// Captured bytes on their way to becoming lines: a piece, or what is left of one.
struct LogPiece {
    std::uint64_t position = 0;
    LogStream stream = LogStream::standard_output;
    std::uint32_t run = 0;
    WallTime time{};
    bool follows_loss = false;
    std::string_view bytes;
    std::uint64_t lost = 0;  ///< So many bytes of the stream were dropped here; `bytes` is empty.
};

/// Makes lines of the pieces of one service, for each stream by itself.
///
/// Deterministic by position: wherever a reader stops after a line and goes on later from that
/// line's position, it gets the same lines. Lines longer than limits::line_part_max come in parts.
class LineAssembler {
public:
    explicit LineAssembler(std::string service);

    /// Continues from where a reader has stopped. From then on `take` wants, first, what the stream
    /// `pending_stream` has between `pending` and `end`, and then everything from `end`.
    void resume(const LogPosition& position);
    /// `take` begins in the middle of a line of this stream: everything through the next line end
    /// is dropped.
    void skip_line(LogStream stream);
    /// Where the line ends that `skip_line` has dropped; the highest number while the end has not
    /// come; 0 when no line was to be dropped.
    std::uint64_t skipped_to(LogStream stream) const;

    /// Takes bytes from the front of `piece` until a line is complete. Nothing: the piece is used
    /// up, or tells of a loss, and everything before that was taken: `pass_loss` comes next. Pieces
    /// come in order of their positions.
    std::optional<LogLine> take(LogPiece& piece);
    /// Passes lines at the front of `piece`, and nothing else, that the pattern does not match.
    void pass_lines_without(const LinePattern& pattern, LogPiece& piece);
    /// Goes on behind a loss. What its stream has next begins a line, unless it says otherwise.
    void pass_loss(LogPiece& piece);
    /// Everything before `position` was given to `take`, or is of no interest.
    void advance_to(std::uint64_t position);

    /// No more is there: the unfinished line that has waited for limits::partial_line_delay, the
    /// one with the older last piece first. Nothing: no line has.
    std::optional<LogLine> take_overdue(WallTime now);
    /// The unfinished line of either stream, whatever its age.
    std::optional<LogLine> take_unfinished();
    /// When `take_overdue` will have one.
    std::optional<Duration> overdue_in(WallTime now) const;

    /// To go on after what was returned last.
    LogPosition position() const;

private:
    struct Stream {
        std::string text;
        std::uint64_t begin = 0;  ///< Of `text`; when there is none, of what is looked at next.
        std::uint32_t run = 0;
        WallTime time{};
        std::optional<std::uint32_t> continued;  ///< Run of the part that was returned before.
        bool is_skipping = false;
        std::uint64_t skipped_to = 0;
    };

    Stream& at(LogStream stream) { return streams_[static_cast<std::size_t>(stream)]; }
    const Stream& at(LogStream stream) const { return streams_[static_cast<std::size_t>(stream)]; }
    std::optional<LogLine> take_before_loss(const LogPiece& piece);
    bool is_interrupted_by(const LogPiece& piece) const;
    bool is_outrun(LogStream stream, std::uint64_t position) const;
    void append(const LogPiece& piece, std::size_t count);
    LogLine emit(LogStream stream, bool is_unfinished);

    std::string service_;
    std::array<Stream, 2> streams_;
    std::uint64_t processed_ = 0;
};

}  // namespace devstack::core
