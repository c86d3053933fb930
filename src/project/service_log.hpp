#pragma once

#include "devstack/base/result.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/core/logs/line_assembler.hpp"
#include "devstack/core/logs/line_pattern.hpp"
#include "devstack/project/log_reader.hpp"

#include "project/log_pieces.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace devstack::project {

/// What is common to all services of one query.
struct LogSearch {
    const LogQuery& query;
    core::LinePattern pattern;
    std::uint64_t scan_left = core::limits::log_scan_max;

    bool wants(const core::LogLine& line) const;
};

/// The lines of one service that a query wants, one after the other.
class ServiceLog {
public:
    ServiceLog(std::string service, LogFiles opened, LogSearch& search);

    /// From a cursor. What it wants and is gone becomes `gap()`.
    void begin_after(const core::LogPosition& position);
    /// From the oldest line that the query wants.
    void begin_at_oldest();

    /// The next wanted line; nothing when there is no more now, when `is_paused`, or when it
    /// `is_at_gap`.
    std::optional<core::LogLine> next();
    /// The last `count` wanted lines, and the gaps between and behind them; afterwards everything
    /// has been read.
    std::vector<core::LogLine> take_last(std::size_t count);

    /// A wanted gap comes next.
    bool is_at_gap() const { return gap_ || piece_.lost > 0; }
    /// Goes on behind it.
    void pass_gap();

    /// To go on after the last line looked at, before the line that `next` returned last.
    const core::LogPosition& position_before() const { return before_; }
    /// To go on after the line that `next` returned last.
    core::LogPosition position_after() const { return assembler_.position(); }
    /// That have been passed, in order.
    const std::vector<core::LogGap>& gaps() const { return gaps_; }
    /// The query has looked at enough; the rest is for the next one.
    bool is_paused() const { return is_paused_; }
    std::optional<Duration> unfinished_in() const;

private:
    struct Gap {
        std::uint64_t from = 0;
        std::uint64_t to = 0;
    };

    void begin_within(std::uint64_t position, bool skips_first_lines);
    std::optional<core::LogLine> next_line();
    bool load_piece();
    void pass_unwanted_lines();
    bool wants_loss() const;
    void continue_behind_gap();
    void note_gap(std::uint64_t from);
    void drop_gaps_before(const std::vector<core::LogLine>& lines);
    std::uint64_t oldest_wanted();
    bool has_cut_line(const std::vector<core::LogLine>& lines, std::uint64_t begin) const;

    std::string service_;
    std::optional<Duration> unindexed_in_;
    std::uint64_t indexed_end_;
    LogPieces pieces_;
    LogSearch& search_;
    core::LineAssembler assembler_;
    core::LogPiece piece_;
    core::LogPosition start_;  ///< Where reading began.
    std::uint64_t limit_;      ///< What comes at or after it is not wanted.
    std::optional<Gap> gap_;   ///< Ahead: first the lines before it end.
    core::LogPosition before_;
    std::vector<core::LogGap> gaps_;
    bool is_paused_ = false;
};

}  // namespace devstack::project
