#pragma once

#include "toml_value.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What a value may look like, as data: the schema is written from it, and readers take numbers and
// words from it. A schema cannot say all that a reader checks; what it says must be what the reader
// does, and tests/product/schema_test.cpp asks both.
namespace devstack::core {

struct KeyView;

/// Of each kind of value that is allowed, what it has to be like. Made with the functions below,
/// and joined with `|` where more than one kind is: texts | table_of(…).
struct Form {
    std::uint32_t kinds = 0;  ///< Bits, see `bit_of`.

    /// Of a string: one of these words, or what matches the pattern; neither: any.
    std::vector<std::string> (*choices)() = nullptr;
    std::string (*pattern)() = nullptr;
    bool has_choices = false;
    bool has_pattern = false;
    /// Of an integer.
    std::int64_t low = 0;
    std::int64_t high = 0;
    /// Of an array.
    const Form* items = nullptr;
    bool needs_item = false;
    /// Of a table: either its keys are ours, or they are names that match a pattern.
    std::vector<KeyView> (*keys)() = nullptr;
    const Form* entries = nullptr;
    std::string (*entry_names)() = nullptr;
};

constexpr std::uint32_t bit_of(TomlValue::Kind kind) {
    return 1U << static_cast<std::uint32_t>(kind);
}
constexpr bool allows(const Form& form, TomlValue::Kind kind) {
    return (form.kinds & bit_of(kind)) != 0;
}

constexpr Form operator|(Form a, const Form& b) {
    a.kinds |= b.kinds;
    // Whether an address is null is no constant for g++ with -fsanitize=undefined.
    if (b.has_choices) a.choices = b.choices;
    if (b.has_pattern) a.pattern = b.pattern;
    a.has_choices |= b.has_choices;
    a.has_pattern |= b.has_pattern;
    if (allows(b, TomlValue::Kind::integer)) {
        a.low = b.low;
        a.high = b.high;
    }
    if (allows(b, TomlValue::Kind::array)) {
        a.items = b.items;
        a.needs_item = b.needs_item;
    }
    if (allows(b, TomlValue::Kind::table)) {
        a.keys = b.keys;
        a.entries = b.entries;
        a.entry_names = b.entry_names;
    }
    return a;
}

inline constexpr Form any_text{.kinds = bit_of(TomlValue::Kind::string)};
inline constexpr Form true_or_false{.kinds = bit_of(TomlValue::Kind::boolean)};

/// Text in which the pattern is found: anchor it. In the dialect that ECMAScript, Python and Rust
/// share: no look-around.
constexpr Form text_like(std::string (*pattern)()) {
    return {.kinds = bit_of(TomlValue::Kind::string), .pattern = pattern, .has_pattern = true};
}
constexpr Form one_of(std::vector<std::string> (*words)()) {
    return {.kinds = bit_of(TomlValue::Kind::string), .choices = words, .has_choices = true};
}
constexpr Form number_from(std::int64_t low, std::int64_t high) {
    return {.kinds = bit_of(TomlValue::Kind::integer), .low = low, .high = high};
}
constexpr Form array_of(const Form& items, bool needs_item = false) {
    return {.kinds = bit_of(TomlValue::Kind::array), .items = &items, .needs_item = needs_item};
}
/// A table with keys of ours; see `views_of` in section.hpp.
constexpr Form table_with(std::vector<KeyView> (*keys)()) {
    return {.kinds = bit_of(TomlValue::Kind::table), .keys = keys};
}
/// A table whose keys are names that people choose.
constexpr Form table_of(const Form& entries, std::string (*names)() = nullptr) {
    return {.kinds = bit_of(TomlValue::Kind::table), .entries = &entries, .entry_names = names};
}

// ---- Forms that many keys have -----------------------------------------------------------------

inline constexpr Form text_or_texts = any_text | array_of(any_text);
inline constexpr Form duration_text = text_like([]() -> std::string {
    constexpr auto part = R"([0-9]+(\.[0-9]+)?(us|ms|s|m|h|d))";
    return std::string{"^(0|"} + part + "( *" + part + ")*)$";
});
inline constexpr Form size_text =
    text_like([]() -> std::string { return "^[0-9]+ *(KiB|MiB|GiB|TiB)$"; });
inline constexpr Form command_text =
    text_like([]() -> std::string { return R"([^ \t\r\n])"; }) | array_of(any_text, true);
inline constexpr Form variable_value = any_text | number_from(INT64_MIN, INT64_MAX) | true_or_false;
inline constexpr Form variable_table =
    table_of(variable_value, []() -> std::string { return "^[^=\\r\\n]+$"; });

// ---- Words that stand for values ---------------------------------------------------------------

template <typename Value>
struct Choice {
    std::string_view word;
    Value value;
    /// What people who know other tools may write, separated by spaces.
    std::string_view also_called;
};

/// For `one_of`: the words of a table of choices.
template <const auto& choices>
std::vector<std::string> words_of() {
    std::vector<std::string> words;
    for (const auto& choice : choices)
        words.emplace_back(choice.word);
    return words;
}

}  // namespace devstack::core
