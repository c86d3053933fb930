#include "project/service_log.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
#include <utility>

namespace devstack::project {

namespace {

constexpr auto both_streams = {core::LogStream::standard_output, core::LogStream::standard_error};

/// A look back from the end begins with this much, and grows until it has found enough.
constexpr std::uint64_t first_window = 64 * 1024;
constexpr std::uint64_t window_growth = 4;
/// For the beginning of an unfinished line no more than this is looked at.
constexpr std::uint64_t line_window_max = 4 * core::limits::log_pending_span_max;

}  // namespace

bool LogSearch::wants(const core::LogLine& line) const {
    if (query.stream && line.stream != *query.stream) return false;
    if (query.since && line.time < *query.since) return false;
    if (query.until && line.time > *query.until) return false;
    return pattern.matches(line.text);
}

ServiceLog::ServiceLog(std::string service, LogFiles opened, LogSearch& search)
    : service_{std::move(service)},
      unindexed_in_{opened.unindexed_in},
      indexed_end_{opened.indexed_end},
      pieces_{std::move(opened.files)},
      search_{search},
      assembler_{service_},
      limit_{pieces_.end()} {
    if (search.query.until) limit_ = pieces_.find_time(*search.query.until + Duration{1});
}

void ServiceLog::begin_after(const core::LogPosition& position) {
    start_ = position;
    const bool is_of_another_log = position.end > std::max(pieces_.end(), indexed_end_);
    if (is_of_another_log || position.pending < pieces_.begin()) {
        const std::uint64_t oldest = pieces_.begin();
        start_ = {std::max(position.end, oldest), std::max(position.end, oldest), {}, {}, {}};
        if (is_of_another_log) start_ = {oldest, oldest, {}, {}, {}};
        note_gap(is_of_another_log ? oldest : position.pending);
    }
    assembler_.resume(start_);
    pieces_.seek(start_.pending);
    before_ = start_;
}

void ServiceLog::begin_at_oldest() {
    begin_within(oldest_wanted(), false);
}

/// The oldest position that matters, with a margin for the lines that begin before it.
std::uint64_t ServiceLog::oldest_wanted() {
    if (!search_.query.since) return pieces_.begin();
    const std::uint64_t found = pieces_.find_time(*search_.query.since);
    return std::max(pieces_.begin(), found - std::min(found, first_window));
}

/// Begins where lines may be under way: they are skipped, or their rest counts as a continuation.
void ServiceLog::begin_within(std::uint64_t position, bool skips_first_lines) {
    start_ = {position, position, {}, {}, {}};
    const bool is_output_cut = !pieces_.is_line_begin(core::LogStream::standard_output, position);
    const bool is_error_cut = !pieces_.is_line_begin(core::LogStream::standard_error, position);
    if (is_output_cut && !skips_first_lines) start_.continued_output = 0;
    if (is_error_cut && !skips_first_lines) start_.continued_error = 0;
    assembler_.resume(start_);
    if (is_output_cut && skips_first_lines) assembler_.skip_line(core::LogStream::standard_output);
    if (is_error_cut && skips_first_lines) assembler_.skip_line(core::LogStream::standard_error);
    pieces_.seek(position);
    piece_ = {};
    before_ = start_;
}

std::optional<core::LogLine> ServiceLog::next() {
    before_ = assembler_.position();
    while (auto line = next_line()) {
        if (search_.wants(*line)) return line;
        before_ = line->position;
    }
    return std::nullopt;
}

std::optional<core::LogLine> ServiceLog::next_line() {
    while (!is_paused_) {
        if (!search_.pattern.is_empty()) pass_unwanted_lines();
        if (auto line = assembler_.take(piece_)) return line;
        if (gap_) return assembler_.take_unfinished();
        if (piece_.lost > 0 && wants_loss()) return std::nullopt;
        if (piece_.lost > 0) assembler_.pass_loss(piece_);
        if (!load_piece()) break;
    }
    if (is_paused_ || limit_ < pieces_.end()) return std::nullopt;
    assembler_.advance_to(pieces_.position());
    return assembler_.take_overdue(search_.query.now);
}

void ServiceLog::pass_unwanted_lines() {
    const std::uint64_t begin = piece_.position;
    assembler_.pass_lines_without(search_.pattern, piece_);
    if (piece_.position != begin) before_ = assembler_.position();
}

bool ServiceLog::wants_loss() const {
    const LogQuery& query = search_.query;
    const bool is_of_stream = !query.stream || *query.stream == piece_.stream;
    return is_of_stream && (!query.since || piece_.time >= *query.since);
}

void ServiceLog::pass_gap() {
    if (gap_) return continue_behind_gap();
    core::LogGap gap{service_, piece_.lost, {}, core::LogGap::Cause::unwritten};
    assembler_.pass_loss(piece_);
    gap.continues_at = assembler_.position();
    gaps_.push_back(std::move(gap));
}

/// Gets the next bytes that the assembler wants to see; false: there are none, or enough was seen.
bool ServiceLog::load_piece() {
    const std::uint64_t expected = pieces_.position();
    if (search_.scan_left == 0) is_paused_ = true;
    if (is_paused_) return false;
    const bool is_pending_part = expected < start_.end;
    auto piece = pieces_.next(is_pending_part ? std::min(start_.end, limit_) : limit_);
    if (!piece) return false;
    search_.scan_left -= std::min<std::uint64_t>(search_.scan_left, piece->bytes.size());
    if (piece->position > expected) {
        gap_ = Gap{expected, piece->position};
        pieces_.seek(piece->position);
        return true;
    }
    if (!is_pending_part || piece->stream == start_.pending_stream) piece_ = *piece;
    return true;
}

/// What one stream still lacks before `start_.end` may begin behind the gap: then it goes on there,
/// and the other one where it was, since up to there it has been delivered.
void ServiceLog::continue_behind_gap() {
    const std::uint64_t end = std::max(start_.end, gap_->to);
    const bool is_pending = gap_->to < end;
    start_ = {end, gap_->to, is_pending ? start_.pending_stream : core::LogStream{}, {}, {}};
    assembler_.resume(start_);
    note_gap(gap_->from);
    gap_.reset();
}

/// What lies between `from` and `start_` is not there.
void ServiceLog::note_gap(std::uint64_t from) {
    gaps_.push_back({service_, start_.pending - from, start_});
}

/// Gaps between lines that are too old to be wanted.
void ServiceLog::drop_gaps_before(const std::vector<core::LogLine>& lines) {
    std::erase_if(gaps_, [&](const core::LogGap& gap) {
        return !lines.empty() && gap.continues_at.end <= lines.front().position.end;
    });
}

std::vector<core::LogLine> ServiceLog::take_last(std::size_t count) {
    const std::uint64_t oldest = oldest_wanted();
    for (std::uint64_t window = first_window;; window *= window_growth) {
        const std::uint64_t begin = limit_ - std::min(limit_ - std::min(limit_, oldest), window);
        begin_within(begin, begin > oldest);
        gaps_.clear();
        search_.scan_left = UINT64_MAX;
        std::deque<core::LogLine> last;
        for (auto line = next(); line || is_at_gap(); line = next()) {
            if (!line) {
                pass_gap();
                continue;
            }
            last.push_back(std::move(*line));
            if (last.size() > count) last.pop_front();
        }
        std::vector<core::LogLine> lines(std::make_move_iterator(last.begin()),
                                         std::make_move_iterator(last.end()));
        before_ = assembler_.position();
        const bool is_enough = lines.size() == count && !has_cut_line(lines, begin);
        if (begin > oldest && !is_enough) continue;
        drop_gaps_before(lines);
        return lines;
    }
}

/// True when a line that belongs among `lines` was skipped, because it begins before the window.
bool ServiceLog::has_cut_line(const std::vector<core::LogLine>& lines, std::uint64_t begin) const {
    if (limit_ - begin >= line_window_max) return false;
    const std::uint64_t whole_from = lines.empty() ? limit_ : lines.front().position.end;
    return std::ranges::any_of(both_streams, [&](core::LogStream stream) {
        return assembler_.skipped_to(stream) > whole_from;
    });
}

std::optional<Duration> ServiceLog::unfinished_in() const {
    if (is_paused_ || limit_ < pieces_.end()) return std::nullopt;
    const auto overdue = assembler_.overdue_in(search_.query.now);
    if (!overdue || !unindexed_in_) return overdue ? overdue : unindexed_in_;
    return std::min(*overdue, *unindexed_in_);
}

}  // namespace devstack::project
