#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace devstack::cli {

/// --no-colour, --color, or neither: then NO_COLOR, CLICOLOR_FORCE and the terminal decide.
enum class ColourMode { automatic, never, always };

/// Where output goes, and what may be sent there.
struct Terminal {
    bool is_terminal = false;
    bool has_colour = false;
    std::size_t width = 0;  ///< Columns; 0: unlimited (a pipe or file).
};

Terminal examine_terminal(int fd, ColourMode mode);

enum class Style { plain, bold, dim, red, green, yellow, blue, magenta, cyan };

/// The text in a style; unchanged without colour, or when there is nothing to see.
std::string paint(std::string_view text, Style style, bool has_colour);

/// The colour of a phase by its word: bad ones are red or yellow, good ones green.
Style style_of_phase(std::string_view phase);
/// True for phases that a person should look at: blocked, unhealthy, backing-off, failed.
bool is_problem(std::string_view phase);

/// Columns that valid UTF-8 takes; SGR sequences take none, East Asian characters two.
std::size_t display_width(std::string_view text);
/// The text with spaces up to `width`, at its end or, `is_right_aligned`, in front.
std::string pad(std::string text, std::size_t width, bool is_right_aligned = false);
/// The text broken at spaces into lines of at most `width` columns; words longer than that are cut.
/// Never empty. Without SGR sequences.
std::vector<std::string> wrap(std::string_view text, std::size_t width);
/// The longest front part of `text` that takes at most `width` columns, and not less than a
/// character.
std::string_view front_within(std::string_view text, std::size_t width);
/// The text in at most `width` columns, with "…" at its end if something was left out. 0: no limit.
std::string shorten(std::string_view text, std::size_t width);

/// Writes to standard output, whole. False when nobody reads it any more, or the disk is full.
bool print(std::string_view text);
/// "devstack: …" on standard error.
void complain(std::string_view message);

}  // namespace devstack::cli
