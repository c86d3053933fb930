#include "devstack/core/logs/line_assembler.hpp"

#include "devstack/core/limits.hpp"

#include <algorithm>
#include <utility>

// A reader's place in the log is two numbers: what has not been delivered of one stream begins at
// `end`, of the other at `pending` (equal, most of the time):
//
//   stdout  |abc.....|       |def\n....      after "err" was delivered: end = E, pending = P,
//   stderr           |err\n  |               pending_stream = stdout
//           P                E
//
// To go on there, stdout alone is read from P to E, and then everything from E. Nothing that
// decides about lines may depend on how bytes were cut into calls of `take`, or that would show.

namespace devstack::core {

namespace {

constexpr LogStream other_of(LogStream stream) {
    return stream == LogStream::standard_output ? LogStream::standard_error
                                                : LogStream::standard_output;
}

/// Pieces found after a crash (run 0) belong to any run.
bool may_be_same_run(std::uint32_t one, std::uint32_t other) {
    return one == other || one == 0 || other == 0;
}

void drop_front(LogPiece& piece, std::size_t count) {
    piece.bytes.remove_prefix(count);
    piece.position += count;
}

/// How long an unfinished line still waits; a clock that was set back does not make it for ever.
Duration remaining_delay(WallTime time, WallTime now) {
    const Duration remaining = time + limits::partial_line_delay - now;
    const bool is_from_the_future = remaining > 2 * limits::partial_line_delay;
    return is_from_the_future ? Duration::zero() : std::max(remaining, Duration::zero());
}

}  // namespace

LineAssembler::LineAssembler(std::string service) : service_{std::move(service)} {}

void LineAssembler::resume(const LogPosition& position) {
    streams_ = {};
    at(position.pending_stream).begin = position.pending;
    at(other_of(position.pending_stream)).begin = position.end;
    at(LogStream::standard_output).continued = position.continued_output;
    at(LogStream::standard_error).continued = position.continued_error;
    processed_ = position.pending;
}

void LineAssembler::skip_line(LogStream stream) {
    at(stream).is_skipping = true;
}

std::uint64_t LineAssembler::skipped_to(LogStream stream) const {
    return at(stream).is_skipping ? UINT64_MAX : at(stream).skipped_to;
}

void LineAssembler::advance_to(std::uint64_t position) {
    processed_ = std::max(processed_, position);
}

bool LineAssembler::is_interrupted_by(const LogPiece& piece) const {
    const Stream& stream = at(piece.stream);
    if (stream.text.empty()) return false;
    return piece.follows_loss || !may_be_same_run(stream.run, piece.run);
}

/// True when a line of the other stream that ends at `position` must not be delivered before what
/// there is of this one's.
bool LineAssembler::is_outrun(LogStream stream, std::uint64_t position) const {
    const Stream& waiting = at(stream);
    return !waiting.text.empty() && position - waiting.begin > limits::log_pending_span_max;
}

void LineAssembler::append(const LogPiece& piece, std::size_t count) {
    Stream& stream = at(piece.stream);
    if (stream.text.empty()) stream.begin = piece.position;
    stream.text.append(piece.bytes.substr(0, count));
    stream.time = piece.time;
    // What nobody knows the run of goes on with the line whose part was delivered.
    if (piece.run != 0)
        stream.run = piece.run;
    else if (stream.text.size() == count)
        stream.run = stream.continued.value_or(0);
}

std::optional<LogLine> LineAssembler::take(LogPiece& piece) {
    Stream& stream = at(piece.stream);
    const LogStream other = other_of(piece.stream);
    advance_to(piece.position);
    if (piece.lost > 0) return take_before_loss(piece);
    if (piece.bytes.empty()) return std::nullopt;
    if (is_interrupted_by(piece)) return emit(piece.stream, true);
    if (std::exchange(piece.follows_loss, false)) stream.continued = piece.run;
    if (stream.continued && !may_be_same_run(*stream.continued, piece.run)) {
        stream.continued.reset();
    }
    if (stream.is_skipping) {
        const std::size_t line_end = piece.bytes.find('\n');
        stream.is_skipping = line_end == std::string_view::npos;
        drop_front(piece, stream.is_skipping ? piece.bytes.size() : line_end + 1);
        advance_to(piece.position);
        stream.skipped_to = piece.position;
        return take(piece);
    }
    // A full part is delivered when the byte after it is seen not to be the line end.
    const std::size_t room = limits::line_part_max - stream.text.size();
    const std::size_t line_end = piece.bytes.substr(0, room + 1).find('\n');
    const bool is_line = line_end != std::string_view::npos;
    const std::size_t count = is_line ? line_end : std::min(room, piece.bytes.size());
    const bool is_part = !is_line && piece.bytes.size() > room;
    if (!is_line && !is_part) {
        append(piece, count);
        drop_front(piece, count);
        advance_to(piece.position);
        return std::nullopt;
    }
    if (is_outrun(other, piece.position + count)) return emit(other, true);
    if (is_line || count > 0) append(piece, count);
    drop_front(piece, count + (is_line ? 1 : 0));
    advance_to(piece.position);
    if (is_line && stream.text.ends_with('\r')) stream.text.pop_back();
    return emit(piece.stream, is_part);
}

void LineAssembler::pass_lines_without(const LinePattern& pattern, LogPiece& piece) {
    const Stream& stream = at(piece.stream);
    const bool is_between_lines = stream.text.empty() && !stream.continued && !stream.is_skipping;
    const bool is_alone = at(other_of(piece.stream)).text.empty();
    if (!is_between_lines || !is_alone || piece.lost > 0 || piece.follows_loss) return;
    const std::size_t candidate = pattern.find_candidate(piece.bytes);
    const std::size_t last_end = piece.bytes.substr(0, candidate).rfind('\n');
    if (last_end == std::string_view::npos) return;
    drop_front(piece, last_end + 1);
    advance_to(piece.position);
}

/// The other stream's line may go on behind the loss.
std::optional<LogLine> LineAssembler::take_before_loss(const LogPiece& piece) {
    const LogStream other = other_of(piece.stream);
    if (!at(piece.stream).text.empty()) return emit(piece.stream, true);
    if (is_outrun(other, piece.position + piece.lost)) return emit(other, true);
    return std::nullopt;
}

void LineAssembler::pass_loss(LogPiece& piece) {
    Stream& stream = at(piece.stream);
    piece.position += std::exchange(piece.lost, 0);
    advance_to(piece.position);
    stream.continued.reset();
    if (std::exchange(stream.is_skipping, false)) stream.skipped_to = piece.position;
}

std::optional<LogLine> LineAssembler::take_overdue(WallTime now) {
    std::optional<LogStream> oldest;
    for (const LogStream stream : {LogStream::standard_output, LogStream::standard_error}) {
        if (at(stream).text.empty()) continue;
        if (remaining_delay(at(stream).time, now) > Duration::zero()) continue;
        if (!oldest || at(stream).time < at(*oldest).time) oldest = stream;
    }
    if (!oldest) return std::nullopt;
    return emit(*oldest, true);
}

std::optional<LogLine> LineAssembler::take_unfinished() {
    for (const LogStream stream : {LogStream::standard_output, LogStream::standard_error}) {
        if (!at(stream).text.empty()) return emit(stream, true);
    }
    return std::nullopt;
}

std::optional<Duration> LineAssembler::overdue_in(WallTime now) const {
    std::optional<Duration> soonest;
    for (const Stream& stream : streams_) {
        if (stream.text.empty()) continue;
        const Duration remaining = remaining_delay(stream.time, now);
        if (!soonest || remaining < *soonest) soonest = remaining;
    }
    return soonest;
}

LogLine LineAssembler::emit(LogStream stream, bool is_unfinished) {
    Stream& from = at(stream);
    LogLine line;
    line.service = service_;
    line.run = from.run;
    line.time = from.time;
    line.stream = stream;
    line.text = std::exchange(from.text, {});
    line.is_continued = from.continued.has_value();
    line.is_unfinished = is_unfinished;
    from.continued = is_unfinished ? std::optional{from.run} : std::nullopt;
    line.position = position();
    return line;
}

LogPosition LineAssembler::position() const {
    const auto undelivered = [this](const Stream& stream) {
        return stream.text.empty() ? std::max(stream.begin, processed_) : stream.begin;
    };
    const std::uint64_t output = undelivered(at(LogStream::standard_output));
    const std::uint64_t error = undelivered(at(LogStream::standard_error));
    LogPosition position;
    position.end = std::max(output, error);
    position.pending = std::min(output, error);
    position.pending_stream =
        error < output ? LogStream::standard_error : LogStream::standard_output;
    position.continued_output = at(LogStream::standard_output).continued;
    position.continued_error = at(LogStream::standard_error).continued;
    return position;
}

}  // namespace devstack::core
