#pragma once

#include "devstack/cli/terminal.hpp"

#include <string>
#include <vector>

namespace devstack::cli {

struct Cell {
    std::string text;
    Style style = Style::plain;
};

struct Column {
    std::string title;
    bool is_right_aligned = false;
};

/// Aligned columns, two spaces apart, with a line of titles. The last column is wrapped to the
/// terminal's width, and below itself; in a pipe nothing is wrapped or cut.
class Table {
public:
    explicit Table(std::vector<Column> columns) : columns_{std::move(columns)} {}

    /// As many cells as columns. An empty one is shown as "-".
    void add_row(std::vector<Cell> cells);
    bool is_empty() const { return rows_.empty(); }

    /// Ends with a newline.
    std::string render(const Terminal& terminal) const;

private:
    std::vector<std::size_t> measure() const;
    void append_row(std::string& text,
                    const std::vector<Cell>& cells,
                    const std::vector<std::size_t>& widths,
                    const Terminal& terminal) const;

    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

}  // namespace devstack::cli
