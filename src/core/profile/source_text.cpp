#include "devstack/core/profile/source_text.hpp"

#include <algorithm>

namespace devstack::core {

namespace {

bool starts_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

/// Byte offset of the character in column `column`.
std::size_t offset_of(std::string_view line, int column) {
    int current = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (starts_character(line[i]) && ++current == column) return i;
    }
    return line.size();
}

int column_of(std::string_view line, std::size_t offset) {
    const auto end = line.begin() + static_cast<std::ptrdiff_t>(std::min(offset, line.size()));
    return static_cast<int>(std::count_if(line.begin(), end, starts_character)) + 1;
}

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

SourceFile::SourceFile(std::string name, std::string text)
    : name_{std::move(name)}, text_{std::move(text)} {
    if (text_.starts_with(byte_order_mark)) text_.erase(0, byte_order_mark.size());
    line_starts_.push_back(0);
    for (std::size_t i = 0; i < text_.size(); ++i) {
        if (text_[i] == '\n') line_starts_.push_back(i + 1);
    }
}

std::string_view SourceFile::line_view(int number) const {
    const auto index = static_cast<std::size_t>(number) - 1;
    if (number < 1 || index >= line_starts_.size()) return {};
    const std::size_t start = line_starts_[index];
    std::string_view line = std::string_view{text_}.substr(start);
    line = line.substr(0, line.find('\n'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

std::string SourceFile::line(int number) const {
    return std::string{line_view(number)};
}

Place SourceFile::find(std::string_view part, Place from, int last_line) const {
    for (int number = from.line; number >= 1 && number <= last_line; ++number) {
        const std::string_view text = line_view(number);
        const std::size_t start = number == from.line ? offset_of(text, from.column) : 0;
        const std::size_t found = text.find(part, start);
        if (found != std::string_view::npos) return {number, column_of(text, found)};
    }
    return from;
}

std::string SourceFile::describe(Place place) const {
    return place.line > 0 ? name_ + ":" + std::to_string(place.line) : name_;
}

Diagnostic SourceFile::error(std::string code,
                             Place place,
                             std::string message,
                             std::string hint) const {
    return {std::move(code),
            Diagnostic::Severity::error,
            std::move(message),
            {name_, place.line, place.column},
            line(place.line),
            std::move(hint)};
}

Diagnostic SourceFile::warning(std::string code,
                               Place place,
                               std::string message,
                               std::string hint) const {
    Diagnostic diagnostic = error(std::move(code), place, std::move(message), std::move(hint));
    diagnostic.severity = Diagnostic::Severity::warning;
    return diagnostic;
}

}  // namespace devstack::core
