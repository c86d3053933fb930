#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace devstack {

/// A place in a text that a person wrote. Lines and columns count from 1; 0 means "the whole file".
struct SourcePosition {
    std::string file;  ///< As the person knows it: relative to where they stand, if it is below.
    int line = 0;
    int column = 0;

    bool operator==(const SourcePosition&) const = default;
};

/// One thing a person should know about a text they wrote.
struct Diagnostic {
    enum class Severity { error, warning };

    /// Stable and greppable, kebab-case: "unknown-key", "dependency-cycle".
    std::string code;
    Severity severity = Severity::error;
    std::string message;  ///< What is wrong and what was expected, without position.
    SourcePosition where;
    std::string line_text;  ///< The offending line as written; empty when there is none to show.
    std::string hint;       ///< What to do about it: "did you mean `depends_on`?"; may be empty.

    bool operator==(const Diagnostic&) const = default;
};

/// The value if there is one, and all that is to be said about it. A value can come with warnings;
/// no value always comes with at least one error.
template <typename T>
struct Checked {
    std::optional<T> value;
    std::vector<Diagnostic> diagnostics;
};

bool has_errors(const std::vector<Diagnostic>& diagnostics);

/// For people: "file:line:column: error: message [code]", then the line with a caret under the
/// column, then "  hint: …". Sorted by file, line and column; the text ends with a newline.
std::string render_diagnostics(std::vector<Diagnostic> diagnostics);

}  // namespace devstack
