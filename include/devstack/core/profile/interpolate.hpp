#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace devstack::core {

/// What a name in `${…}` stands for.
struct VariableAnswer {
    std::optional<std::string> value;
    /// Why there is none and no default helps: "service `api` declares no port". Empty: not set.
    std::string problem;
    std::string hint;
};

using VariableLookup = std::function<VariableAnswer(std::string_view name)>;

struct InterpolationMistake {
    std::string code;  ///< Of the diagnostic to be made: "missing-variable".
    std::string message;
    std::string hint;
    std::string part;  ///< What to point at in the text: "${DB_URL".
};

struct Interpolated {
    std::string text;  ///< Complete only without mistakes; never longer than the limit.
    std::vector<InterpolationMistake> mistakes;
};

/// Replaces `${NAME}`, `${NAME:-default}` (if unset or empty), `${NAME-default}` (if unset) and
/// `${NAME:?message}`; a default may contain the same. `$$` becomes `$`. Every other `$` is left
/// alone, so that a shell sees `$HOME`, `$(…)` and `$?`.
Interpolated interpolate(std::string_view text, const VariableLookup& find_variable);

}  // namespace devstack::core
