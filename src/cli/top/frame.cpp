#include "cli/top/frame.hpp"

#include <algorithm>
#include <charconv>

namespace devstack::cli {

namespace {

constexpr std::size_t tab_width = 8;

/// Joins spans of one look.
void append(FrameLine& line, std::string_view text, const Look& look) {
    if (text.empty()) return;
    if (line.empty() || line.back().look != look) line.push_back({"", look});
    line.back().text += text;
}

Style colour_of(int number) {
    switch (number % 10) {
        case 1: return Style::red;
        case 2: return Style::green;
        case 3: return Style::yellow;
        case 4: return Style::blue;
        case 5: return Style::magenta;
        case 6: return Style::cyan;
        default: return Style::plain;
    }
}

void apply_number(int number, Look& look) {
    if (number == 0) look = {};
    if (number == 1) look.is_bold = true;
    if (number == 2) look.style = Style::dim;
    if (number == 7) look.is_reversed = true;
    if (number == 22) look.is_bold = false;
    if (number == 22 && look.style == Style::dim) look.style = Style::plain;
    if (number == 27) look.is_reversed = false;
    const bool is_colour = (number >= 30 && number <= 37) || (number >= 90 && number <= 97);
    if (is_colour) look.style = colour_of(number);
    if (number == 39) look.style = Style::plain;
}

/// The numbers of "1;31" one after the other. Of colours out of a palette ("38;5;208") nothing is
/// kept: a terminal of eight colours has none that is near for sure.
void apply_sequence(std::string_view numbers, Look& look) {
    while (true) {
        int number = 0;
        std::from_chars(numbers.data(), numbers.data() + numbers.size(), number);
        if (number == 38 || number == 48) return;
        apply_number(number, look);
        const std::size_t next = numbers.find(';');
        if (next == std::string_view::npos) return;
        numbers.remove_prefix(next + 1);
    }
}

/// So many bytes of the text, from `begin` on.
FrameLine part(const FrameLine& line, std::size_t begin, std::size_t size) {
    FrameLine found;
    std::size_t at = 0;
    for (const Span& span : line) {
        const std::size_t length = span.text.size();
        const std::size_t from = std::clamp(begin, at, at + length) - at;
        const std::size_t to = std::clamp(begin + size, at, at + length) - at;
        append(found, std::string_view{span.text}.substr(from, to - from), span.look);
        at += length;
    }
    return found;
}

}  // namespace

FrameLine line_of_text(std::string_view text) {
    FrameLine line;
    Look look;
    std::size_t column = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of("\x1b\t"), text.size());
        append(line, text.substr(0, end), look);
        column += display_width(text.substr(0, end));
        text.remove_prefix(end);
        if (text.starts_with('\t')) {
            const std::size_t spaces = tab_width - column % tab_width;
            append(line, std::string(spaces, ' '), look);
            column += spaces;
            text.remove_prefix(1);
        } else if (!text.empty()) {
            const std::size_t last = text.find('m');
            if (last == std::string_view::npos) break;
            if (text.starts_with("\x1b[")) apply_sequence(text.substr(2, last - 2), look);
            text.remove_prefix(last + 1);
        }
    }
    return line;
}

std::string text_of(const FrameLine& line) {
    std::string text;
    for (const Span& span : line)
        text += span.text;
    return text;
}

std::size_t width_of(const FrameLine& line) {
    std::size_t width = 0;
    for (const Span& span : line)
        width += display_width(span.text);
    return width;
}

FrameLine fit(const FrameLine& line, std::size_t width) {
    FrameLine fitted;
    std::size_t left = width;
    const bool is_cut = width_of(line) > width;
    // The place of the "…".
    if (is_cut && left > 0) --left;
    for (const Span& span : line) {
        const std::string_view text = span.text;
        std::string_view front = front_within(text, left);
        if (display_width(front) > left) front = {};
        append(fitted, front, span.look);
        left -= display_width(front);
        if (front.size() == text.size()) continue;
        if (width > 0) append(fitted, "\u2026", span.look);
        break;
    }
    append(fitted, std::string(left, ' '), {});
    return fitted;
}

std::vector<FrameLine> split(const FrameLine& line, std::size_t width) {
    std::vector<FrameLine> lines(1);
    std::size_t left = std::max<std::size_t>(width, 1);
    for (const Span& span : line) {
        std::string_view text = span.text;
        while (!text.empty()) {
            std::string_view front = front_within(text, left);
            const bool is_first = lines.back().empty();
            if (display_width(front) > left && !is_first) front = {};
            append(lines.back(), front, span.look);
            left -= std::min(display_width(front), left);
            text.remove_prefix(front.size());
            if (text.empty()) break;
            lines.emplace_back();
            left = std::max<std::size_t>(width, 1);
        }
    }
    return lines;
}

std::vector<FrameLine> split_at_words(const FrameLine& line, std::size_t width) {
    std::vector<FrameLine> lines;
    FrameLine rest = line;
    const std::string whole = text_of(line);
    const std::size_t first_word = std::min(whole.find_first_not_of(' '), whole.size());
    const std::size_t indent = first_word < width / 2 ? first_word : 0;
    while (width_of(rest) > width) {
        const std::string text = text_of(rest);
        const std::size_t front = front_within(text, width).size();
        const bool ends_at_space = text[front] == ' ';
        std::size_t end = ends_at_space ? front : text.rfind(' ', front);
        const std::size_t word = std::min(text.find_first_not_of(' '), front);
        if (end == std::string::npos || end <= word) end = front;
        const std::size_t next = std::min(text.find_first_not_of(' ', end), text.size());
        lines.push_back(part(rest, 0, end));
        FrameLine below = {{std::string(indent, ' '), {}}};
        for (const Span& span : part(rest, next, text.size() - next))
            append(below, span.text, span.look);
        rest = std::move(below);
        if (next == text.size()) return lines;
    }
    lines.push_back(std::move(rest));
    return lines;
}

FrameLine reversed(FrameLine line) {
    for (Span& span : line)
        span.look = {Style::plain, span.look.is_bold, true};
    return line;
}

FrameLine without_front(const FrameLine& line, std::size_t width) {
    FrameLine rest;
    for (const Span& span : line) {
        std::string_view text = span.text;
        while (!text.empty() && width > 0) {
            const std::string_view front = front_within(text, width);
            width -= std::min(display_width(front), width);
            text.remove_prefix(front.size());
        }
        append(rest, text, span.look);
    }
    return rest;
}

FrameLine with_mark(const FrameLine& line, std::size_t begin, std::size_t size, const Look& look) {
    FrameLine marked = part(line, 0, begin);
    append(marked, text_of(part(line, begin, size)), look);
    for (const Span& span : part(line, begin + size, text_of(line).size()))
        append(marked, span.text, span.look);
    return marked;
}

}  // namespace devstack::cli
