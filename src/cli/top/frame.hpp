#pragma once

#include "devstack/cli/terminal.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What is to be seen on a whole screen, as a value: drawn by views that know no terminal, put on
// one by `Screen`, and compared with golden files by the tests.
namespace devstack::cli {

struct Look {
    Style style = Style::plain;
    bool is_bold = false;
    bool is_reversed = false;
    bool operator==(const Look&) const = default;
};

/// Text of one look: valid UTF-8 without control characters.
struct Span {
    std::string text;
    Look look;
    bool operator==(const Span&) const = default;
};

using FrameLine = std::vector<Span>;

struct FrameSize {
    std::size_t width = 80;
    std::size_t height = 24;
    bool operator==(const FrameSize&) const = default;
};

struct Frame {
    FrameSize size;
    std::vector<FrameLine> lines;       ///< As many as it is high, each at most as wide as it is.
    std::optional<std::size_t> cursor;  ///< Column of the last line where somebody types.
};

/// The line that a terminal would show for text with SGR sequences, of which colours and weights
/// are kept; tabs become spaces up to the next multiple of eight.
FrameLine line_of_text(std::string_view text);

std::string text_of(const FrameLine& line);
std::size_t width_of(const FrameLine& line);

/// The line in exactly `width` columns: what is longer ends with "…", what is shorter with spaces.
FrameLine fit(const FrameLine& line, std::size_t width);

/// The line in pieces of at most `width` columns; never empty.
std::vector<FrameLine> split(const FrameLine& line, std::size_t width);

/// The same for sentences: broken at spaces where there are any, and what follows stands below the
/// first word of the line.
std::vector<FrameLine> split_at_words(const FrameLine& line, std::size_t width);

/// Without its first `width` columns.
FrameLine without_front(const FrameLine& line, std::size_t width);

/// All of it reversed and without colours, as what is chosen is shown.
FrameLine reversed(FrameLine line);

/// So many bytes of the text, from `begin` on, in another look.
FrameLine with_mark(const FrameLine& line, std::size_t begin, std::size_t size, const Look& look);

}  // namespace devstack::cli
