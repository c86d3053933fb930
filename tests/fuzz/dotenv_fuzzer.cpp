// Any bytes as an env file.

#include "devstack/core/limits.hpp"
#include "devstack/core/profile/dotenv.hpp"
#include "devstack/core/profile/interpolate.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>

using namespace devstack;
using namespace devstack::core;

namespace {

void expect(bool condition) {
    if (!condition) std::abort();
}

/// A value in single quotes comes out as it went in, whatever it is.
void check_raw(const std::string& text) {
    const bool can_be_quoted = text.find('\'') == std::string::npos &&
                               text.find('\0') == std::string::npos &&
                               text.size() < limits::interpolated_size_max;
    if (!can_be_quoted) return;
    const Dotenv dotenv = parse_dotenv(SourceFile{".env", "A='" + text + "' # comment\n"});
    expect(dotenv.diagnostics.empty() && dotenv.entries.size() == 1);
    const Interpolated value = interpolate(dotenv.entries[0].value.text,
                                           [](std::string_view) { return VariableAnswer{}; });
    expect(value.mistakes.empty() && value.text == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text{static_cast<const char*>(static_cast<const void*>(data)), size};
    const SourceFile file{".env", text};
    const Dotenv dotenv = parse_dotenv(file);
    const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
    std::map<std::string, std::string, std::less<>> variables;
    for (const DotenvEntry& entry : dotenv.entries) {
        expect(!entry.name.text.empty());
        expect(entry.value.place.line >= 1 && entry.value.place.line <= lines);
        expect(entry.value.text.find('\0') == std::string::npos);
        variables[entry.name.text] = interpolate(entry.value.text, [&](std::string_view name) {
                                         const auto found = variables.find(name);
                                         if (found == variables.end()) return VariableAnswer{};
                                         return VariableAnswer{found->second, "", ""};
                                     }).text;
        expect(variables[entry.name.text].size() <= limits::interpolated_size_max);
    }
    for (const Diagnostic& diagnostic : dotenv.diagnostics) {
        expect(diagnostic.where.line >= 1 && diagnostic.where.line <= lines);
        expect(diagnostic.line_text.empty());
    }
    check_raw(text);
    return 0;
}
