#pragma once

#include "devstack/base/text.hpp"
#include "devstack/base/time.hpp"
#include "devstack/core/profile/profile.hpp"

#include "form.hpp"
#include "toml_value.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace devstack::core {

/// Collects what is wrong with one file.
class Report {
public:
    explicit Report(const SourceFile& source) : source_{source} {}

    void error(std::string code, Place place, std::string message, std::string hint = "");
    const SourceFile& source() const { return source_; }
    std::vector<Diagnostic> take() { return std::move(diagnostics_); }

private:
    const SourceFile& source_;
    std::vector<Diagnostic> diagnostics_;
};

/// One `key = value`, on its way into a section of the profile.
struct Setting {
    std::string name;           ///< As messages call it: "health.timeout".
    std::string_view expected;  ///< "a string": completes "… must be".
    Place key_place;
    const TomlValue& value;
    Report& report;
    const Form* form = nullptr;  ///< For those readers that say so.

    /// "`port` must be a number from 1 to 65535, not a string".
    void report_wrong_type(const std::string& hint = "") const;
    void report_wrong_type(const TomlValue& part, const std::string& hint = "") const;
    /// "`interval`: …" at the value.
    void report_bad_value(const std::string& code, const std::string& why, Place place = {}) const;
};

// Each reads a value of one shape, or reports and returns nothing.
std::optional<SourceText> read_text(const Setting& setting);
std::optional<SourceText> read_text(const Setting& setting, const TomlValue& value);
/// A string, or an array of strings.
std::vector<SourceText> read_texts(const Setting& setting);
std::optional<CommandSetting> read_command(const Setting& setting);
std::optional<Duration> read_duration(const Setting& setting, Duration least);
/// Bytes.
std::optional<std::uint64_t> read_size(const Setting& setting, std::uint64_t least);
/// False if it is none.
bool read_boolean(const Setting& setting);
std::optional<int> read_integer(const Setting& setting, std::int64_t low, std::int64_t high);
/// From the lowest to the highest of the setting's form.
std::optional<int> read_integer(const Setting& setting);
/// `NAME = "value"`; numbers and booleans are taken as the text they are written with.
std::vector<VariableSetting> read_variables(const Setting& setting, std::string_view noun);

/// "`mode`: "hots" is not one of "development" and "host" (did you mean `host`?)".
void report_bad_choice(const Setting& setting,
                       const std::vector<std::string>& words,
                       const std::optional<std::string>& guess);
bool has_word(std::string_view words, std::string_view word);

/// The value of one of these words.
template <typename Value, std::size_t count>
std::optional<Value> read_choice(const Setting& setting,
                                 const std::array<Choice<Value>, count>& choices) {
    if (!setting.value.is_string()) {
        setting.report_wrong_type();
        return std::nullopt;
    }
    const std::string& word = setting.value.text;
    std::vector<std::string> words;
    std::optional<std::string> guess;
    for (const Choice<Value>& choice : choices) {
        if (choice.word == word) return choice.value;
        words.emplace_back(choice.word);
        if (has_word(choice.also_called, word)) guess = choice.word;
    }
    report_bad_choice(setting, words, guess ? guess : closest_match(word, words));
    return std::nullopt;
}

}  // namespace devstack::core
