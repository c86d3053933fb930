// Any pattern on any line; the first byte says where the pattern ends. It must end soon, and the
// text that a match must contain must be in every line that std::regex would match.

#include "devstack/core/logs/line_pattern.hpp"
#include "devstack/core/logs/log_line.hpp"

#include <cstdint>
#include <cstdlib>
#include <regex>
#include <string>

using namespace devstack;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::string_view bytes{static_cast<const char*>(static_cast<const void*>(data)), size};
    const std::string pattern{bytes.substr(1, data[0])};
    const std::string line{bytes.substr(std::min<std::size_t>(size, data[0] + 1U))};
    if (const auto cursor = core::LogCursor::parse(pattern)) {
        if (core::LogCursor::parse(cursor->text()) != *cursor) std::abort();
    }
    const auto parsed = core::LinePattern::parse(pattern);
    if (!parsed) return 0;
    const bool is_plain = line.find_first_of("\x1b\r") == std::string::npos;
    if (parsed->matches(line) || !is_plain || line.size() > 100) return 0;
    const std::string required = core::find_required_text(pattern).text;
    if (required.empty() || core::find_required_text(pattern).is_whole) return 0;
    try {
        const auto flags = std::regex::ECMAScript | std::regex_constants::__polynomial;
        if (std::regex_search(line, std::regex{pattern, flags})) std::abort();
    } catch (const std::regex_error&) {
        return 0;
    }
    return 0;
}
