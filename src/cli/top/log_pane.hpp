#pragma once

#include "devstack/base/time.hpp"
#include "devstack/core/api/messages.hpp"
#include "devstack/core/logs/line_pattern.hpp"

#include "cli/top/frame.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace devstack::cli {

/// The newest lines of a log, as many as there is room for, that can be scrolled and searched. It
/// follows: what is added is shown at once, until somebody scrolls back.
class LogPane {
public:
    /// How much is kept for scrolling back, whatever is written meanwhile.
    static constexpr std::size_t lines_max = 10'000;
    static constexpr std::size_t bytes_max = std::size_t{16} << 20U;

    void clear();
    /// Names before the lines take so many columns; 0: there are none.
    void set_name_width(std::size_t width) { name_width_ = width; }
    void add(const core::api::LogsMessage& message);
    /// What devstack says of a service, in its place among the lines; may hold SGR sequences.
    void add_remark(const std::string& service, WallTime time, const std::string& text);

    void resize(FrameSize size);
    void toggle_wrap();
    void toggle_timestamps() { has_timestamps_ = !has_timestamps_; }
    bool is_wrapped() const { return is_wrapped_; }

    /// So many rows towards the newest line; negative: back.
    void scroll(std::ptrdiff_t rows);
    /// So many columns to the right, where lines are not wrapped.
    void shift(std::ptrdiff_t columns);
    void show_oldest();
    void follow() { bottom_.reset(); }
    bool is_following() const { return !bottom_; }
    std::size_t size() const { return entries_.size(); }
    std::size_t lines_below() const;
    std::size_t height() const { return size_.height; }

    /// Marks what matches from now on, and shows the match that is nearest above the end of what is
    /// to be seen. Fails on a bad pattern. Returns how many lines match.
    Result<std::size_t> search(const std::string& pattern);
    void end_search();
    bool is_searching() const { return pattern_.has_value(); }
    const std::string& pattern_text() const { return pattern_text_; }
    /// To the next older match, or the next newer one; false when there is none.
    bool show_match(bool is_older);

    /// As many lines as it is high.
    std::vector<FrameLine> draw() const;

private:
    enum class Kind : std::uint8_t { output, error, remark, gap };
    struct Entry {
        Kind kind = Kind::output;
        bool is_continued = false;
        WallTime time{};
        std::string service;
        std::string text;  ///< Sane, with SGR sequences.
    };
    /// A row on the screen: that of a line, which is numbered since the pane was cleared.
    struct Place {
        std::uint64_t line = 0;
        std::size_t row = 0;
        auto operator<=>(const Place&) const = default;
    };

    static Entry make_entry(const core::LogLine& line);
    static Entry make_entry(const core::LogGap& gap);
    void add(Entry entry);
    void stay_on_lines();
    bool matches(std::uint64_t line) const;
    const Entry& at(std::uint64_t line) const { return entries_[line - first_]; }
    std::uint64_t end() const { return first_ + entries_.size(); }
    FrameLine render(std::uint64_t line) const;
    FrameLine render_front(const Entry& entry) const;
    FrameLine mark_matches(FrameLine line, bool is_current) const;
    std::vector<FrameLine> rows_of(std::uint64_t line) const;
    std::size_t count_rows(std::uint64_t line) const;
    Place last_place() const;
    Place bottom() const;
    Place lowest_top() const;
    void show_up_to(Place place);
    bool step(Place& place, bool is_up) const;
    void show_line(std::uint64_t line);

    std::deque<Entry> entries_;
    std::uint64_t first_ = 0;  ///< Number of the first line.
    std::size_t bytes_ = 0;
    std::size_t name_width_ = 0;
    FrameSize size_;
    std::size_t shift_ = 0;
    bool is_wrapped_ = false;
    bool has_timestamps_ = false;
    std::optional<Place> bottom_;  ///< The last row to be seen; empty: the newest.
    std::optional<core::LinePattern> pattern_;
    std::string pattern_text_;
    std::optional<std::uint64_t> match_;  ///< The line that was found last.
};

}  // namespace devstack::cli
