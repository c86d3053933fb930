#include "devstack/base/text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

// A line of output is played back on a terminal of one line: cells, a cursor and the colours that
// were switched on so far. What the cells hold at the end is what a person would have seen.

namespace devstack {

namespace {

constexpr char escape = '\x1b';
constexpr std::string_view reset = "\x1b[0m";
constexpr std::string_view replacement = "\xEF\xBF\xBD";

unsigned char byte_at(std::string_view text, std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

bool is_between(unsigned char byte, unsigned low, unsigned high) {
    return byte >= low && byte <= high;
}

/// Length of the valid UTF-8 character at `at`; 0 if there is none (RFC 3629, table of ranges).
std::size_t character_length(std::string_view text, std::size_t at) {
    const unsigned char first = byte_at(text, at);
    if (first < 0x80) return 1;
    std::size_t length = 0;
    unsigned low = 0x80;
    unsigned high = 0xBF;
    if (is_between(first, 0xC2, 0xDF)) {
        length = 2;
    } else if (is_between(first, 0xE0, 0xEF)) {
        length = 3;
        if (first == 0xE0) low = 0xA0;
        if (first == 0xED) high = 0x9F;
    } else if (is_between(first, 0xF0, 0xF4)) {
        length = 4;
        if (first == 0xF0) low = 0x90;
        if (first == 0xF4) high = 0x8F;
    } else {
        return 0;
    }
    if (!is_between(byte_at(text, at + 1), low, high)) return 0;
    for (std::size_t i = 2; i < length; ++i) {
        if (!is_between(byte_at(text, at + i), 0x80, 0xBF)) return 0;
    }
    return length;
}

/// Looked at in words: nearly all text is ASCII, and all that is searched passes here.
std::size_t ascii_length(std::string_view text) {
    constexpr std::uint64_t high_bits = 0x8080808080808080;
    std::size_t at = 0;
    std::uint64_t word = 0;
    for (; at + sizeof word <= text.size(); at += sizeof word) {
        std::memcpy(&word, text.data() + at, sizeof word);
        if ((word & high_bits) != 0) break;
    }
    while (at < text.size() && byte_at(text, at) < 0x80)
        ++at;
    return at;
}

/// One sequence that starts with ESC. `final` is the last byte of a control sequence (CSI), else 0.
struct Sequence {
    std::size_t length = 1;
    unsigned char final = 0;
};

Sequence read_control_sequence(std::string_view text, std::size_t at) {
    std::size_t i = at + 2;
    while (is_between(byte_at(text, i), 0x20, 0x3F)) {
        ++i;
    }
    if (!is_between(byte_at(text, i), 0x40, 0x7E)) return {i - at, 0};
    return {i + 1 - at, byte_at(text, i)};
}

/// Strings to the terminal (titles, links) end with BEL or ESC \. One that never ends is taken for
/// a stray escape: better to show too much than to lose a line.
Sequence read_control_string(std::string_view text, std::size_t at) {
    for (std::size_t i = at + 2; i < text.size(); ++i) {
        if (text[i] == '\a') return {i + 1 - at, 0};
        if (text[i] == escape && byte_at(text, i + 1) == '\\') return {i + 2 - at, 0};
    }
    return {2, 0};
}

Sequence read_sequence(std::string_view text, std::size_t at) {
    const unsigned char second = byte_at(text, at + 1);
    if (second == '[') return read_control_sequence(text, at);
    if (second == ']' || second == 'P' || second == 'X' || second == '^' || second == '_') {
        return read_control_string(text, at);
    }
    std::size_t i = at + 1;
    while (is_between(byte_at(text, i), 0x20, 0x2F)) {
        ++i;
    }
    if (is_between(byte_at(text, i), 0x30, 0x7E)) ++i;
    return {i - at, 0};
}

class Screen {
public:
    void write(std::string_view character) {
        if (cells_.size() <= cursor_) cells_.resize(cursor_ + 1, Cell{" ", 0});
        cells_[cursor_] = Cell{std::string{character}, colours_.size()};
        ++cursor_;
    }
    void return_carriage() { cursor_ = 0; }
    void step_back() { cursor_ -= cursor_ > 0 ? 1 : 0; }
    void set_colour(std::string_view sequence) { colours_.emplace_back(sequence); }

    /// EL, see ECMA-48: "" and "0" erase from the cursor on, "1" up to it, "2" everything.
    void erase(std::string_view how) {
        if (how == "2") {
            cells_.clear();
        } else if (how == "1") {
            const std::size_t end = std::min(cells_.size(), cursor_ + 1);
            for (std::size_t i = 0; i < end; ++i) {
                cells_[i] = Cell{" ", 0};
            }
        } else {
            cells_.resize(std::min(cells_.size(), cursor_));
        }
    }

    std::string text() const {
        std::string text;
        std::size_t colour = 0;
        for (const Cell& cell : cells_) {
            if (cell.colour < colour) text += reset;
            for (std::size_t i = cell.colour < colour ? 0 : colour; i < cell.colour; ++i) {
                text += colours_[i];
            }
            colour = cell.colour;
            text += cell.text;
        }
        const bool is_open =
            colour > 0 && colours_[colour - 1] != reset && colours_[colour - 1] != "\x1b[m";
        if (is_open) text += reset;
        return text;
    }

private:
    struct Cell {
        std::string text;
        std::size_t colour = 0;  ///< So many of `colours_` had been switched on.
    };
    std::vector<Cell> cells_;
    std::vector<std::string> colours_;
    std::size_t cursor_ = 0;
};

bool is_plain(std::string_view bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](char c) {
        return is_between(static_cast<unsigned char>(c), 0x20, 0x7E) || c == '\t';
    });
}

}  // namespace

std::string sane_text(std::string_view bytes, bool keep_colour) {
    if (is_plain(bytes)) return std::string{bytes};
    Screen screen;
    for (std::size_t at = 0; at < bytes.size();) {
        const unsigned char byte = byte_at(bytes, at);
        if (byte == escape) {
            const Sequence sequence = read_sequence(bytes, at);
            const std::string_view text = bytes.substr(at, sequence.length);
            if (sequence.final == 'm' && keep_colour) screen.set_colour(text);
            if (sequence.final == 'K') screen.erase(text.substr(2, text.size() - 3));
            at += sequence.length;
            continue;
        }
        const std::size_t length = character_length(bytes, at);
        const bool is_control = byte < 0x20 || byte == 0x7F ||
                                (byte == 0xC2 && is_between(byte_at(bytes, at + 1), 0x80, 0x9F));
        if (length == 0) {
            screen.write(replacement);
        } else if (byte == '\r') {
            screen.return_carriage();
        } else if (byte == '\b') {
            screen.step_back();
        } else if (!is_control || byte == '\t') {
            screen.write(bytes.substr(at, length));
        }
        at += std::max<std::size_t>(length, 1);
    }
    return screen.text();
}

std::size_t valid_utf8_length(std::string_view bytes) {
    std::size_t at = 0;
    while (true) {
        at += ascii_length(bytes.substr(at));
        if (at == bytes.size()) return at;
        const std::size_t length = character_length(bytes, at);
        if (length == 0) return at;
        at += length;
    }
}

}  // namespace devstack
