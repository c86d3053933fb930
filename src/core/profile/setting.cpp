#include "setting.hpp"

#include "devstack/base/assert.hpp"

#include <utility>

namespace devstack::core {

void Report::error(std::string code, Place place, std::string message, std::string hint) {
    diagnostics_.push_back(
        source_.error(std::move(code), place, std::move(message), std::move(hint)));
}

void Setting::report_wrong_type(const std::string& hint) const {
    report_wrong_type(value, hint);
}

void Setting::report_wrong_type(const TomlValue& part, const std::string& hint) const {
    const std::string found{name_of(part.kind)};
    const bool is_inside = &part != &value;
    report.error("wrong-type",
                 part.place,
                 "`" + name + "` must be " + std::string{expected} +
                     (is_inside ? "; this part of it is " + found : ", not " + found),
                 hint);
}

void Setting::report_bad_value(const std::string& code, const std::string& why, Place place) const {
    report.error(code, place.line > 0 ? place : value.place, "`" + name + "`: " + why);
}

std::optional<SourceText> read_text(const Setting& setting, const TomlValue& value) {
    if (!value.is_string()) {
        const bool looks_like_text = value.kind == TomlValue::Kind::integer ||
                                     value.kind == TomlValue::Kind::floating ||
                                     value.kind == TomlValue::Kind::date_or_time;
        setting.report_wrong_type(value, looks_like_text ? "write it in quotes" : "");
        return std::nullopt;
    }
    if (value.text.find('\0') != std::string::npos) {
        setting.report_bad_value("bad-character", "a string cannot contain NUL", value.place);
        return std::nullopt;
    }
    return SourceText{value.text, value.place};
}

std::optional<SourceText> read_text(const Setting& setting) {
    return read_text(setting, setting.value);
}

std::vector<SourceText> read_texts(const Setting& setting) {
    std::vector<SourceText> texts;
    if (setting.value.kind != TomlValue::Kind::array) {
        if (auto text = read_text(setting)) texts.push_back(std::move(*text));
        return texts;
    }
    for (const TomlValue& item : setting.value.items) {
        if (auto text = read_text(setting, item)) texts.push_back(std::move(*text));
    }
    return texts;
}

std::optional<CommandSetting> read_command(const Setting& setting) {
    const CommandSetting command{
        setting.value.is_string(), read_texts(setting), setting.value.place};
    const bool is_array = setting.value.kind == TomlValue::Kind::array;
    if (command.words.empty()) {
        if (is_array && setting.value.items.empty()) {
            setting.report_bad_value("empty-command", "there is nothing to run");
        }
        return std::nullopt;
    }
    if (command.words.front().text.find_first_not_of(" \t\r\n") == std::string::npos) {
        setting.report_bad_value(
            "empty-command", "there is nothing to run", command.words.front().place);
        return std::nullopt;
    }
    return command;
}

std::optional<Duration> read_duration(const Setting& setting, Duration least) {
    if (!setting.value.is_string()) {
        const bool is_number = setting.value.kind == TomlValue::Kind::integer;
        setting.report_wrong_type(is_number ? "write it with a unit, such as \"" +
                                                  std::to_string(setting.value.integer) + "s\""
                                            : "");
        return std::nullopt;
    }
    const Result<Duration> duration = parse_duration(setting.value.text);
    if (!duration) {
        setting.report_bad_value("bad-duration", duration.error().message);
        return std::nullopt;
    }
    if (*duration < least) {
        const std::string bound =
            least == Duration{1} ? "longer than 0" : "at least " + render_duration(least);
        setting.report_bad_value("bad-duration", "must be " + bound);
        return std::nullopt;
    }
    return *duration;
}

std::optional<std::uint64_t> read_size(const Setting& setting, std::uint64_t least) {
    if (!setting.value.is_string()) {
        setting.report_wrong_type("write it with a unit, such as \"500MiB\"");
        return std::nullopt;
    }
    const Result<std::uint64_t> size = parse_bytes(setting.value.text);
    if (!size) {
        setting.report_bad_value("bad-size", size.error().message);
        return std::nullopt;
    }
    if (*size < least) {
        setting.report_bad_value("bad-size", "must be at least " + render_bytes(least));
        return std::nullopt;
    }
    return *size;
}

bool read_boolean(const Setting& setting) {
    const bool is_boolean = setting.value.kind == TomlValue::Kind::boolean;
    const bool is_quoted = setting.value.text == "true" || setting.value.text == "false";
    if (!is_boolean) setting.report_wrong_type(is_quoted ? "write it without quotes" : "");
    return is_boolean && setting.value.boolean;
}

std::optional<int> read_integer(const Setting& setting, std::int64_t low, std::int64_t high) {
    if (setting.value.kind != TomlValue::Kind::integer) {
        setting.report_wrong_type(setting.value.is_string() ? "write it without quotes" : "");
        return std::nullopt;
    }
    if (setting.value.integer < low || setting.value.integer > high) {
        setting.report.error("out-of-range",
                             setting.value.place,
                             "`" + setting.name + "` must be " + std::string{setting.expected} +
                                 ", not " + std::to_string(setting.value.integer));
        return std::nullopt;
    }
    return static_cast<int>(setting.value.integer);
}

std::optional<int> read_integer(const Setting& setting) {
    DEVSTACK_ASSERT(setting.form != nullptr, "who reads a number by its form has one");
    return read_integer(setting, setting.form->low, setting.form->high);
}

void report_bad_choice(const Setting& setting,
                       const std::vector<std::string>& words,
                       const std::optional<std::string>& guess) {
    std::vector<std::string> quoted;
    quoted.reserve(words.size());
    for (const std::string& word : words)
        quoted.push_back("\"" + word + "\"");
    setting.report_bad_value("bad-choice",
                             "\"" + setting.value.text + "\" is not one of " +
                                 join_for_people(quoted) +
                                 (guess ? " (did you mean `" + *guess + "`?)" : ""));
}

bool has_word(std::string_view words, std::string_view word) {
    while (!words.empty()) {
        const auto end = words.find(' ');
        if (words.substr(0, end) == word) return true;
        if (end == std::string_view::npos) return false;
        words.remove_prefix(end + 1);
    }
    return false;
}

namespace {

std::optional<SourceText> read_variable(const Setting& setting, const TomlEntry& entry) {
    const TomlValue& value = entry.value;
    if (value.kind == TomlValue::Kind::integer) {
        return SourceText{std::to_string(value.integer), value.place};
    }
    if (value.kind == TomlValue::Kind::boolean) {
        return SourceText{value.boolean ? "true" : "false", value.place};
    }
    const Setting part{setting.name + "." + entry.key.text,
                       "a string, a number, or true or false",
                       entry.key.place,
                       value,
                       setting.report};
    return read_text(part);
}

}  // namespace

std::vector<VariableSetting> read_variables(const Setting& setting, std::string_view noun) {
    std::vector<VariableSetting> variables;
    if (!setting.value.is_table()) {
        setting.report_wrong_type();
        return variables;
    }
    for (const TomlEntry& entry : setting.value.entries) {
        const std::string& name = entry.key.text;
        if (name.empty() ||
            name.find_first_of(std::string_view{"=\0\r\n", 4}) != std::string::npos) {
            setting.report_bad_value("bad-name",
                                     "\"" + name + "\" is not the name of " + std::string{noun},
                                     entry.key.place);
            continue;
        }
        if (auto value = read_variable(setting, entry)) {
            variables.push_back({entry.key, std::move(*value)});
        }
    }
    return variables;
}

}  // namespace devstack::core
