#pragma once

#include "devstack/core/profile/source_text.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace devstack::core {

struct TomlEntry;

/// A TOML value with its place, and its tables in the order of the file.
struct TomlValue {
    enum class Kind { string, integer, floating, boolean, date_or_time, array, table };

    Kind kind = Kind::table;
    Place place;
    int last_line = 0;
    std::string text;          ///< Of a string.
    std::int64_t integer = 0;  ///< Of an integer.
    bool boolean = false;      ///< Of a boolean.
    std::vector<TomlValue> items;
    std::vector<TomlEntry> entries;

    bool is_string() const { return kind == Kind::string; }
    bool is_table() const { return kind == Kind::table; }
};

struct TomlEntry {
    SourceText key;
    TomlValue value;
};

/// "a string", "a number", "a table": as it stands in "… not a table".
std::string_view name_of(TomlValue::Kind kind);

}  // namespace devstack::core
