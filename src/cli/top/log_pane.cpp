#include "cli/top/log_pane.hpp"

#include "devstack/base/text.hpp"
#include "devstack/cli/log_view.hpp"
#include "devstack/platform/terminal.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

// Lines are kept as text and made into rows only where they are seen. What is seen is told by its
// last row: so it stays where it is, whatever is added below.

namespace devstack::cli {

void LogPane::clear() {
    entries_.clear();
    first_ = 0;
    bytes_ = 0;
    bottom_.reset();
    match_.reset();
}

void LogPane::add(const core::api::LogsMessage& message) {
    for_each_in_order(message.lines, message.gaps, [this](const auto& it) { add(make_entry(it)); });
    stay_on_lines();
}

LogPane::Entry LogPane::make_entry(const core::LogLine& line) {
    const bool is_error = line.stream == core::LogStream::standard_error;
    return {is_error ? Kind::error : Kind::output,
            line.is_continued,
            line.time,
            line.service,
            sane_text(line.text, true)};
}

LogPane::Entry LogPane::make_entry(const core::LogGap& gap) {
    return {Kind::gap, false, {}, gap.service, render_log_gap(gap, {0, false, true})};
}

void LogPane::add_remark(const std::string& service, WallTime time, const std::string& text) {
    add(Entry{Kind::remark, false, time, service, text});
    stay_on_lines();
}

void LogPane::add(Entry entry) {
    bytes_ += entry.text.size();
    entries_.push_back(std::move(entry));
    while (entries_.size() > lines_max || (bytes_ > bytes_max && entries_.size() > 1)) {
        bytes_ -= entries_.front().text.size();
        entries_.pop_front();
        ++first_;
    }
}

/// What was looked at may have been dropped: then the oldest that is left takes its place.
void LogPane::stay_on_lines() {
    if (bottom_) bottom_ = std::max(*bottom_, lowest_top());
}

// ---- Rows --------------------------------------------------------------------------------------

FrameLine LogPane::render_front(const Entry& entry) const {
    FrameLine front;
    if (has_timestamps_) {
        const std::string clock =
            entry.time == WallTime{} ? "" : platform::render_local_clock(entry.time);
        front.push_back({pad(clock, 9), {Style::dim}});
    }
    if (name_width_ > 0) {
        front.push_back({pad(shorten(entry.service, name_width_), name_width_) + " ",
                         {style_of_service(entry.service)}});
    }
    const bool is_error = entry.kind == Kind::error;
    const std::string mark = entry.kind == Kind::remark ? "* " : entry.is_continued ? "+ " : "| ";
    front.push_back({mark, {is_error ? Style::red : Style::dim}});
    return front;
}

FrameLine LogPane::mark_matches(FrameLine line, bool is_current) const {
    const std::string text = text_of(line);
    const Look look{is_current ? Style::yellow : Style::plain, is_current, true};
    std::size_t from = 0;
    // One that matches everywhere need not be marked to its last place.
    for (int count = 0; count < 100; ++count) {
        const auto match = pattern_->find(text, from);
        if (!match) break;
        line = with_mark(line, match->begin, match->size, look);
        from = match->begin + match->size;
    }
    return line;
}

FrameLine LogPane::render(std::uint64_t line) const {
    const Entry& entry = at(line);
    FrameLine rendered = render_front(entry);
    FrameLine content = line_of_text(entry.text);
    if (pattern_ && entry.kind != Kind::gap) {
        content = mark_matches(std::move(content), match_ == line);
    }
    if (!is_wrapped_ && shift_ > 0) content = without_front(content, shift_);
    std::ranges::move(content, std::back_inserter(rendered));
    return rendered;
}

std::vector<FrameLine> LogPane::rows_of(std::uint64_t line) const {
    if (is_wrapped_) return split(render(line), size_.width);
    return {render(line)};
}

std::size_t LogPane::count_rows(std::uint64_t line) const {
    return is_wrapped_ ? rows_of(line).size() : 1;
}

LogPane::Place LogPane::last_place() const {
    if (entries_.empty()) return {};
    return {end() - 1, count_rows(end() - 1) - 1};
}

LogPane::Place LogPane::bottom() const {
    return bottom_ ? *bottom_ : last_place();
}

bool LogPane::step(Place& place, bool is_up) const {
    if (is_up) {
        if (place.row > 0) return --place.row, true;
        if (place.line == first_) return false;
        --place.line;
        place.row = count_rows(place.line) - 1;
        return true;
    }
    if (place.row + 1 < count_rows(place.line)) return ++place.row, true;
    if (place.line + 1 == end()) return false;
    place = {place.line + 1, 0};
    return true;
}

/// The last row to be seen when the first one is the oldest there is.
LogPane::Place LogPane::lowest_top() const {
    Place place{first_, 0};
    for (std::size_t i = 1; i < size_.height; ++i) {
        if (!step(place, false)) break;
    }
    return place;
}

void LogPane::show_up_to(Place place) {
    place = std::max(place, lowest_top());
    if (place >= last_place()) return bottom_.reset();
    bottom_ = place;
}

// ---- Moving ------------------------------------------------------------------------------------

void LogPane::resize(FrameSize size) {
    if (size == size_) return;
    size_ = size;
    if (entries_.empty() || !bottom_) return;
    bottom_->row = std::min(bottom_->row, count_rows(bottom_->line) - 1);
    show_up_to(*bottom_);
}

void LogPane::toggle_wrap() {
    is_wrapped_ = !is_wrapped_;
    shift_ = 0;
    if (bottom_) show_up_to({bottom_->line, count_rows(bottom_->line) - 1});
}

void LogPane::scroll(std::ptrdiff_t rows) {
    if (entries_.empty()) return;
    Place place = bottom();
    for (std::ptrdiff_t i = 0; i < std::abs(rows); ++i) {
        if (!step(place, rows < 0)) break;
    }
    show_up_to(place);
}

void LogPane::shift(std::ptrdiff_t columns) {
    if (is_wrapped_) return;
    const auto wished = static_cast<std::ptrdiff_t>(shift_) + columns;
    shift_ = static_cast<std::size_t>(std::max<std::ptrdiff_t>(wished, 0));
}

void LogPane::show_oldest() {
    if (!entries_.empty()) show_up_to({first_, 0});
}

std::size_t LogPane::lines_below() const {
    return bottom_ ? end() - 1 - bottom_->line : 0;
}

// ---- Searching ---------------------------------------------------------------------------------

bool LogPane::matches(std::uint64_t line) const {
    return at(line).kind != Kind::gap && pattern_->matches(at(line).text);
}

Result<std::size_t> LogPane::search(const std::string& pattern) {
    Result<core::LinePattern> parsed = core::LinePattern::parse(pattern);
    if (!parsed) return std::move(parsed).error();
    pattern_ = std::move(*parsed);
    pattern_text_ = pattern;
    match_.reset();
    std::size_t count = 0;
    for (std::uint64_t line = first_; line < end(); ++line)
        count += matches(line) ? 1 : 0;
    if (count > 0 && !show_match(true)) show_match(false);
    return count;
}

void LogPane::end_search() {
    pattern_.reset();
    pattern_text_.clear();
    match_.reset();
}

bool LogPane::show_match(bool is_older) {
    if (!pattern_ || entries_.empty()) return false;
    // Evicted lines are matches no more.
    const bool has_match = match_ && *match_ >= first_;
    std::uint64_t line = has_match ? *match_ : bottom().line;
    bool is_own = !has_match;
    while (true) {
        if (is_own && matches(line)) break;
        is_own = true;
        if (is_older ? line == first_ : line + 1 == end()) return false;
        line += is_older ? std::uint64_t(-1) : 1;
    }
    match_ = line;
    show_line(line);
    return true;
}

/// In the middle, unless it is to be seen as it is.
void LogPane::show_line(std::uint64_t line) {
    Place top = bottom();
    for (std::size_t i = 1; i < size_.height; ++i) {
        if (!step(top, true)) break;
    }
    if (Place{line, 0} >= top && line <= bottom().line) {
        // What is added must not push it away.
        bottom_ = bottom();
        return;
    }
    Place place{line, 0};
    for (std::size_t i = 0; i < size_.height / 2; ++i) {
        if (!step(place, false)) break;
    }
    bottom_ = std::max(place, lowest_top());
}

// ---- Drawing -----------------------------------------------------------------------------------

std::vector<FrameLine> LogPane::draw() const {
    std::vector<FrameLine> lines;
    if (!entries_.empty() && size_.height > 0) {
        const Place last = bottom();
        for (std::uint64_t line = last.line + 1; line-- > first_ && lines.size() < size_.height;) {
            std::vector<FrameLine> rows = rows_of(line);
            if (line == last.line) rows.resize(std::min(rows.size(), last.row + 1));
            std::ranges::move(rows.rbegin(), rows.rend(), std::back_inserter(lines));
        }
        if (lines.size() > size_.height) lines.resize(size_.height);
        std::ranges::reverse(lines);
    }
    lines.resize(size_.height);
    for (FrameLine& line : lines)
        line = fit(line, size_.width);
    return lines;
}

}  // namespace devstack::cli
