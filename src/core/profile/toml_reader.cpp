// The only file that knows toml++. Its asserts abort for some input ("[" and a line end), so they
// are off in every build. A letter beyond ASCII in the place of a key leads it into
// __builtin_unreachable, after which it goes on correctly: the build leaves that one check of the
// sanitizer out here. Its recursion on dotted keys has no limit: KeyScanner is one.

#ifndef NDEBUG
#define NDEBUG
#endif

#include "toml_reader.hpp"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include "devstack/core/limits.hpp"

#include <algorithm>

#include <toml++/toml.h>

namespace devstack::core {

namespace {

Place place_of(const toml::source_position& position) {
    return {static_cast<int>(position.line), static_cast<int>(position.column)};
}

/// Walks over text as far as needed to tell keys from strings and comments.
class KeyScanner {
public:
    explicit KeyScanner(std::string_view text) : text_{text} {}

    /// Where a dotted key gets more parts than allowed; empty if none does.
    std::optional<Place> find_deep_key() {
        std::size_t parts = 1;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"' || c == '\'') {
                skip_string(c);
                continue;
            }
            if (c == '#') {
                skip_comment();
                continue;
            }
            if (c == '.' && ++parts > limits::key_parts_max) return place();
            if (std::string_view{"=,{}[]\n"}.find(c) != std::string_view::npos) parts = 1;
            ++at_;
        }
        return std::nullopt;
    }

private:
    void skip_comment() { at_ = std::min(text_.find('\n', at_), text_.size()); }

    void skip_string(char quote) {
        const std::string triple(3, quote);
        const bool is_long = text_.substr(at_, 3) == triple;
        at_ += is_long ? 3 : 1;
        while (at_ < text_.size()) {
            if (text_[at_] == '\\' && quote == '"') {
                at_ += 2;
                continue;
            }
            const bool is_end = is_long ? text_.substr(at_, 3) == triple
                                        : text_[at_] == quote || text_[at_] == '\n';
            if (is_end) break;
            ++at_;
        }
        at_ = std::min(at_ + (is_long ? 3 : 1), text_.size());
        while (is_long && at_ < text_.size() && text_[at_] == quote) {
            ++at_;  // Up to two more quotes belong to the string.
        }
    }

    Place place() const {
        const std::string_view before = text_.substr(0, at_);
        const auto line = std::count(before.begin(), before.end(), '\n') + 1;
        const auto start = before.rfind('\n') + 1;  // npos + 1 is 0.
        return {static_cast<int>(line), static_cast<int>(at_ - start) + 1};
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

TomlValue convert(const toml::node& node);

TomlValue::Kind kind_of(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::string: return TomlValue::Kind::string;
        case toml::node_type::integer: return TomlValue::Kind::integer;
        case toml::node_type::floating_point: return TomlValue::Kind::floating;
        case toml::node_type::boolean: return TomlValue::Kind::boolean;
        case toml::node_type::array: return TomlValue::Kind::array;
        case toml::node_type::none:
        case toml::node_type::table: return TomlValue::Kind::table;
        case toml::node_type::date:
        case toml::node_type::time:
        case toml::node_type::date_time: return TomlValue::Kind::date_or_time;
    }
    return TomlValue::Kind::table;
}

/// toml++ sorts its tables by name; people read them in the order of the file.
void convert_entries(const toml::table& table, TomlValue& value) {
    for (const auto& [key, node] : table) {
        value.entries.push_back(
            {{std::string{key.str()}, place_of(key.source().begin)}, convert(node)});
    }
    std::sort(value.entries.begin(),
              value.entries.end(),
              [](const TomlEntry& a, const TomlEntry& b) { return a.key.place < b.key.place; });
}

TomlValue convert(const toml::node& node) {
    TomlValue value;
    value.kind = kind_of(node);
    value.place = place_of(node.source().begin);
    value.last_line = static_cast<int>(node.source().end.line);
    if (const auto* text = node.as_string()) value.text = text->get();
    if (const auto* integer = node.as_integer()) value.integer = integer->get();
    if (const auto* boolean = node.as_boolean()) value.boolean = boolean->get();
    if (const auto* table = node.as_table()) convert_entries(*table, value);
    if (const auto* array = node.as_array()) {
        for (const toml::node& item : *array) {
            value.items.push_back(convert(item));
        }
    }
    return value;
}

/// toml++ says what it was parsing, which means little to others.
std::string describe(std::string_view description) {
    if (description.starts_with("Error while parsing ")) {
        const auto end = description.find(": ");
        if (end != std::string_view::npos) description.remove_prefix(end + 2);
    }
    return "this is not TOML: " + std::string{description};
}

}  // namespace

TomlDocument read_toml(std::string_view text) {
    if (const std::optional<Place> place = KeyScanner{text}.find_deep_key()) {
        return {{}, TomlMistake{"a key has too many parts", *place}};
    }
    const toml::parse_result result = toml::parse(text);
    if (!result) {
        const toml::parse_error& error = result.error();
        return {{}, TomlMistake{describe(error.description()), place_of(error.source().begin)}};
    }
    return {convert(result.table()), std::nullopt};
}

std::string_view name_of(TomlValue::Kind kind) {
    switch (kind) {
        case TomlValue::Kind::string: return "a string";
        case TomlValue::Kind::integer: return "a number";
        case TomlValue::Kind::floating: return "a number with a fraction";
        case TomlValue::Kind::boolean: return "true or false";
        case TomlValue::Kind::date_or_time: return "a date or time";
        case TomlValue::Kind::array: return "an array";
        case TomlValue::Kind::table: return "a table";
    }
    return "";
}

}  // namespace devstack::core
