#include "devstack/cli/terminal.hpp"

#include "devstack/base/text.hpp"
#include "devstack/platform/environment.hpp"
#include "devstack/platform/terminal.hpp"

#include <algorithm>
#include <array>
#include <clocale>
#include <cstdint>
#include <cstdio>
#include <cwchar>

#include <locale.h>

namespace devstack::cli {

namespace {

bool is_set(const char* name) {
    const auto value = platform::find_environment_variable(name);
    return value && !value->empty();
}

/// no-color.org, and bixense.com/clicolors for the other direction.
bool wants_colour(ColourMode mode, bool is_terminal) {
    if (mode != ColourMode::automatic) return mode == ColourMode::always;
    if (is_set("NO_COLOR")) return false;
    const auto force = platform::find_environment_variable("CLICOLOR_FORCE");
    if (force && !force->empty() && *force != "0") return true;
    return is_terminal && platform::find_environment_variable("TERM") != "dumb";
}

std::string_view sequence_of(Style style) {
    switch (style) {
        case Style::plain: return "";
        case Style::bold: return "\x1b[1m";
        case Style::dim: return "\x1b[2m";
        case Style::red: return "\x1b[31m";
        case Style::green: return "\x1b[32m";
        case Style::yellow: return "\x1b[33m";
        case Style::blue: return "\x1b[34m";
        case Style::magenta: return "\x1b[35m";
        case Style::cyan: return "\x1b[36m";
    }
    return "";
}

/// wcwidth(3) knows characters by the locale; ours are always Unicode.
int character_width(char32_t character) {
    if (character >= 0x20 && character < 0x7F) return 1;
    static const locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (unicode == nullptr) return 1;
    const locale_t before = uselocale(unicode);
    const int width = wcwidth(static_cast<wchar_t>(character));
    uselocale(before);
    return std::max(width, 0);
}

/// The piece at the front that is never cut: a character, or an SGR sequence.
struct Piece {
    std::size_t bytes = 1;
    std::size_t width = 0;
};

Piece first_piece(std::string_view text) {
    if (text.starts_with("\x1b[")) {
        const std::size_t end = text.find('m');
        if (end != std::string_view::npos) return {end + 1, 0};
    }
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return {1, lead >= 0x20 ? 1U : 0U};
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    constexpr std::array<unsigned, 5> lead_bits = {0, 0, 0x1F, 0x0F, 0x07};
    char32_t character = lead & lead_bits[length];
    for (std::size_t i = 1; i < length && i < text.size(); ++i) {
        character = (character << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
    }
    return {std::min(length, text.size()), static_cast<std::size_t>(character_width(character))};
}

}  // namespace

Terminal examine_terminal(int fd, ColourMode mode) {
    Terminal terminal;
    terminal.is_terminal = platform::is_terminal(fd);
    terminal.has_colour = wants_colour(mode, terminal.is_terminal);
    if (terminal.is_terminal) terminal.width = platform::terminal_width(fd);
    return terminal;
}

std::string paint(std::string_view text, Style style, bool has_colour) {
    const std::string_view sequence = sequence_of(style);
    if (!has_colour || sequence.empty() || text.empty()) return std::string{text};
    return std::string{sequence} + std::string{text} + "\x1b[0m";
}

Style style_of_phase(std::string_view phase) {
    if (phase == "ready" || phase == "completed") return Style::green;
    if (phase == "failed" || phase == "unhealthy") return Style::red;
    if (phase == "stopped") return Style::dim;
    if (is_problem(phase)) return Style::yellow;
    return Style::cyan;
}

bool is_problem(std::string_view phase) {
    return phase == "blocked" || phase == "unhealthy" || phase == "backing-off" ||
           phase == "failed";
}

std::size_t display_width(std::string_view text) {
    const auto is_plain = [](char c) { return c >= ' ' && c <= '~'; };
    std::size_t columns = 0;
    while (!text.empty()) {
        // Most text is plain.
        const auto special = std::ranges::find_if_not(text, is_plain);
        const auto plain = static_cast<std::size_t>(special - text.begin());
        columns += plain;
        text.remove_prefix(plain);
        if (text.empty()) break;
        const Piece piece = first_piece(text);
        columns += piece.width;
        text.remove_prefix(piece.bytes);
    }
    return columns;
}

std::string pad(std::string text, std::size_t width, bool is_right_aligned) {
    const std::size_t used = display_width(text);
    if (used >= width) return text;
    const std::string spaces(width - used, ' ');
    return is_right_aligned ? spaces + text : text + spaces;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
    std::vector<std::string> lines;
    while (display_width(text) > width) {
        std::string_view line = front_within(text, width);
        const bool ends_at_space = line.size() < text.size() && text[line.size()] == ' ';
        const std::size_t space = line.rfind(' ');
        if (!ends_at_space && space != std::string_view::npos && space > 0) {
            line = line.substr(0, space);
        }
        text.remove_prefix(line.size());
        while (line.ends_with(' '))
            line.remove_suffix(1);
        lines.emplace_back(line);
        while (text.starts_with(' '))
            text.remove_prefix(1);
    }
    if (!text.empty() || lines.empty()) lines.emplace_back(text);
    return lines;
}

std::string_view front_within(std::string_view text, std::size_t width) {
    std::size_t bytes = 0;
    std::size_t columns = 0;
    while (bytes < text.size()) {
        const Piece piece = first_piece(text.substr(bytes));
        if (columns + piece.width > width && bytes > 0) break;
        columns += piece.width;
        bytes += piece.bytes;
    }
    return text.substr(0, bytes);
}

std::string shorten(std::string_view text, std::size_t width) {
    if (width == 0 || display_width(text) <= width) return std::string{text};
    return std::string{front_within(text, width - 1)} + "\u2026";
}

bool print(std::string_view text) {
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
           std::fflush(stdout) == 0;
}

void complain(std::string_view message) {
    const std::string line = "devstack: " + std::string{message} + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace devstack::cli
