#include "devstack/cli/table.hpp"

#include "devstack/base/assert.hpp"

#include <algorithm>

namespace devstack::cli {

namespace {

constexpr std::size_t gap = 2;
/// Narrower than this nobody wants to read a sentence: then it may run over the edge.
constexpr std::size_t wrapped_width_min = 24;

void append_painted(std::string& text,
                    std::string_view part,
                    Style style,
                    const Terminal& terminal) {
    if (terminal.has_colour) {
        text += paint(part, style, true);
    } else {
        text += part;
    }
}

}  // namespace

Table::Table(std::vector<Column> columns) : columns_{std::move(columns)} {
    for (const Column& column : columns_)
        cells_.push_back(place(column.title, Style::bold));
}

void Table::add_row(const std::vector<Cell>& cells) {
    DEVSTACK_ASSERT(cells.size() == columns_.size(), "a row has a cell for each column");
    for (const Cell& cell : cells) {
        cells_.push_back(cell.text.empty() ? place("-", Style::dim) : place(cell.text, cell.style));
    }
}

Table::Placed Table::place(std::string_view text, Style style) {
    const auto number = [](std::size_t size) { return static_cast<std::uint32_t>(size); };
    const Placed cell{
        number(texts_.size()), number(text.size()), number(display_width(text)), style};
    texts_ += text;
    return cell;
}

std::string_view Table::text_of(const Placed& cell) const {
    return std::string_view{texts_}.substr(cell.begin, cell.size);
}

std::vector<std::size_t> Table::measure() const {
    std::vector<std::size_t> widths(columns_.size());
    for (std::size_t i = 0; i < cells_.size(); ++i) {
        std::size_t& width = widths[i % widths.size()];
        width = std::max<std::size_t>(width, cells_[i].width);
    }
    return widths;
}

void Table::append_row(std::string& text,
                       std::span<const Placed> cells,
                       const std::vector<std::size_t>& widths,
                       const Terminal& terminal) const {
    std::size_t indent = 0;
    for (std::size_t i = 0; i + 1 < cells.size(); ++i) {
        const std::size_t padding = widths[i] - cells[i].width;
        // The style is for the text alone: a painted space shows on some terminals.
        if (columns_[i].is_right_aligned) text.append(padding, ' ');
        append_painted(text, text_of(cells[i]), cells[i].style, terminal);
        if (!columns_[i].is_right_aligned) text.append(padding, ' ');
        text.append(gap, ' ');
        indent += widths[i] + gap;
    }
    append_last(text, cells.back(), indent, terminal);
    text += '\n';
}

void Table::append_last(std::string& text,
                        const Placed& cell,
                        std::size_t indent,
                        const Terminal& terminal) const {
    if (terminal.width == 0) {
        return append_painted(text, text_of(cell), cell.style, terminal);
    }
    const std::size_t left = terminal.width > indent ? terminal.width - indent : 0;
    const auto lines = wrap(text_of(cell), std::max(left, wrapped_width_min));
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i > 0) text.append("\n").append(indent, ' ');
        append_painted(text, lines[i], cell.style, terminal);
    }
}

std::string Table::render(const Terminal& terminal) const {
    const std::vector<std::size_t> widths = measure();
    const std::span<const Placed> cells{cells_};
    const std::size_t rows = cells.size() / columns_.size();
    std::size_t size = texts_.size();
    for (std::size_t i = 0; i + 1 < widths.size(); ++i)
        size += rows * (widths[i] + gap);
    std::string text;
    text.reserve(size);  // A text that grows is copied.
    for (std::size_t row = 0; row < rows; ++row)
        append_row(text, cells.subspan(row * columns_.size(), columns_.size()), widths, terminal);
    return text;
}

}  // namespace devstack::cli
