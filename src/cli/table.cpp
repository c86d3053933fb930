#include "devstack/cli/table.hpp"

#include "devstack/base/assert.hpp"

#include <algorithm>

namespace devstack::cli {

namespace {

constexpr std::size_t gap = 2;
/// Narrower than this nobody wants to read a sentence: then it may run over the edge.
constexpr std::size_t wrapped_width_min = 24;

}  // namespace

void Table::add_row(std::vector<Cell> cells) {
    DEVSTACK_ASSERT(cells.size() == columns_.size(), "a row has a cell for each column");
    for (Cell& cell : cells) {
        if (cell.text.empty()) cell = {"-", Style::dim};
    }
    rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::measure() const {
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::size_t width = display_width(columns_[i].title);
        for (const auto& row : rows_)
            width = std::max(width, display_width(row[i].text));
        widths.push_back(width);
    }
    return widths;
}

void Table::append_row(std::string& text,
                       const std::vector<Cell>& cells,
                       const std::vector<std::size_t>& widths,
                       const Terminal& terminal) const {
    std::size_t indent = 0;
    for (std::size_t i = 0; i + 1 < cells.size(); ++i) {
        const std::size_t padding = widths[i] - display_width(cells[i].text);
        // The style is for the text alone: a painted space shows on some terminals.
        if (columns_[i].is_right_aligned) text.append(padding, ' ');
        text += paint(cells[i].text, cells[i].style, terminal.has_colour);
        if (!columns_[i].is_right_aligned) text.append(padding, ' ');
        text.append(gap, ' ');
        indent += widths[i] + gap;
    }
    const Cell& last = cells.back();
    std::vector<std::string> lines = {last.text};
    if (terminal.width > 0) {
        const std::size_t left = terminal.width > indent ? terminal.width - indent : 0;
        lines = wrap(last.text, std::max(left, wrapped_width_min));
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i > 0) text.append("\n").append(indent, ' ');
        text += paint(lines[i], last.style, terminal.has_colour);
    }
    text += '\n';
}

std::string Table::render(const Terminal& terminal) const {
    const std::vector<std::size_t> widths = measure();
    std::vector<Cell> titles;
    for (const Column& column : columns_)
        titles.push_back({column.title, Style::bold});
    std::string text;
    append_row(text, titles, widths, terminal);
    for (const auto& row : rows_)
        append_row(text, row, widths, terminal);
    return text;
}

}  // namespace devstack::cli
