#include "devstack/base/diagnostic.hpp"

#include "devstack/base/text.hpp"

#include <algorithm>
#include <cstddef>
#include <tuple>

namespace devstack {

namespace {

constexpr std::string_view indent = "  ";
/// Longer lines are shown as a window around the column.
constexpr std::size_t shown_characters_max = 120;

/// Valid UTF-8, character by character; columns count these.
std::vector<std::string> split_characters(std::string_view text) {
    std::vector<std::string> characters;
    for (const char byte : text) {
        const bool is_continuation = (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
        if (!is_continuation || characters.empty()) characters.emplace_back();
        characters.back() += byte;
    }
    return characters;
}

std::string render_place(const SourcePosition& where) {
    if (where.file.empty()) return "";
    if (where.line <= 0) return where.file + ": ";
    std::string place = where.file + ":" + std::to_string(where.line);
    if (where.column > 0) place += ":" + std::to_string(where.column);
    return place + ": ";
}

/// The line, and a caret below `column`; tabs are kept, so that the two stay aligned.
std::string render_line(std::string_view line_text, int column) {
    const std::vector<std::string> characters = split_characters(sane_text(line_text));
    if (characters.empty()) return "";
    const auto at = static_cast<std::size_t>(std::max(column - 1, 0));
    std::size_t begin = 0;
    if (characters.size() > shown_characters_max && at > shown_characters_max / 2) {
        begin = std::min(at, characters.size()) - shown_characters_max / 2;
    }
    const std::size_t end = std::min(characters.size(), begin + shown_characters_max);

    std::string shown{indent};
    std::string caret{indent};
    if (begin > 0) {
        shown += "…";
        caret += " ";
    }
    for (std::size_t i = begin; i < end; ++i) {
        shown += characters[i];
        if (i < at) caret += characters[i] == "\t" ? '\t' : ' ';
    }
    if (end < characters.size()) shown += "…";
    shown += "\n";
    return column > 0 ? shown + caret + "^\n" : shown;
}

std::string render(const Diagnostic& diagnostic) {
    const bool is_error = diagnostic.severity == Diagnostic::Severity::error;
    std::string text = render_place(diagnostic.where);
    text += is_error ? "error: " : "warning: ";
    text += sane_text(diagnostic.message);
    if (!diagnostic.code.empty()) text += " [" + diagnostic.code + "]";
    text += "\n" + render_line(diagnostic.line_text, diagnostic.where.column);
    if (!diagnostic.hint.empty()) text += "  hint: " + sane_text(diagnostic.hint) + "\n";
    return text;
}

}  // namespace

bool has_errors(const std::vector<Diagnostic>& diagnostics) {
    return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& diagnostic) {
        return diagnostic.severity == Diagnostic::Severity::error;
    });
}

std::string render_diagnostics(std::vector<Diagnostic> diagnostics) {
    const auto key = [](const Diagnostic& diagnostic) {
        return std::tie(diagnostic.where.file, diagnostic.where.line, diagnostic.where.column);
    };
    std::stable_sort(diagnostics.begin(),
                     diagnostics.end(),
                     [&](const Diagnostic& a, const Diagnostic& b) { return key(a) < key(b); });
    std::string text;
    for (const Diagnostic& diagnostic : diagnostics) {
        text += render(diagnostic);
    }
    return text;
}

}  // namespace devstack
