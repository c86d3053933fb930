#pragma once

#include "devstack/base/time.hpp"
#include "devstack/core/profile/profile.hpp"

#include "toml_value.hpp"

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
/// False if it is none.
bool read_boolean(const Setting& setting);
std::optional<int> read_integer(const Setting& setting, std::int64_t low, std::int64_t high);
/// `NAME = "value"`; numbers and booleans are taken as the text they are written with.
std::vector<VariableSetting> read_variables(const Setting& setting, std::string_view noun);

}  // namespace devstack::core
