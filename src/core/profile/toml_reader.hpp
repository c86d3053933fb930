#pragma once

#include "toml_value.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace devstack::core {

struct TomlMistake {
    std::string message;
    Place place;
};

struct TomlDocument {
    TomlValue root;                      ///< Empty after a mistake.
    std::optional<TomlMistake> mistake;  ///< The parser knows no more than the first.
};

/// Reads TOML 1.0. Safe for any text.
TomlDocument read_toml(std::string_view text);

}  // namespace devstack::core
