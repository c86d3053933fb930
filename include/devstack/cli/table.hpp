#pragma once

#include "devstack/cli/terminal.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
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
    explicit Table(std::vector<Column> columns);

    /// As many cells as columns. An empty one is shown as "-".
    void add_row(const std::vector<Cell>& cells);
    bool is_empty() const { return cells_.size() == columns_.size(); }

    /// Ends with a newline.
    std::string render(const Terminal& terminal) const;

private:
    /// A cell whose text is a part of `texts_`: hundreds of rows fit into a few pages.
    struct Placed {
        std::uint32_t begin = 0;
        std::uint32_t size = 0;
        std::uint32_t width = 0;  ///< On the screen.
        Style style = Style::plain;
    };
    Placed place(std::string_view text, Style style);
    std::string_view text_of(const Placed& cell) const;
    std::vector<std::size_t> measure() const;
    void append_row(std::string& text,
                    std::span<const Placed> cells,
                    const std::vector<std::size_t>& widths,
                    const Terminal& terminal) const;
    void append_last(std::string& text,
                     const Placed& cell,
                     std::size_t indent,
                     const Terminal& terminal) const;

    std::vector<Column> columns_;
    std::string texts_;
    std::vector<Placed> cells_;  ///< Row by row, the titles first.
};

}  // namespace devstack::cli
