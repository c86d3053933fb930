// Any pattern on any line; the first byte says where the pattern ends. It must end soon, and what
// is done to pass lines quickly must not pass one that the pattern matches.

#include "devstack/base/text.hpp"
#include "devstack/core/logs/line_pattern.hpp"
#include "devstack/core/logs/log_line.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

#include <re2/re2.h>

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
    const std::string text = line + "\n";
    if (parsed->matches(line) && parsed->find_candidate(text) > line.size()) std::abort();
    const bool is_plain = line.find_first_of("\x1b\r") == std::string::npos;
    if (!is_plain || valid_utf8_length(bytes) != size) return 0;
    re2::RE2::Options options;
    options.set_log_errors(false);
    if (re2::RE2::PartialMatch(line, re2::RE2{pattern, options}) != parsed->matches(line))
        std::abort();
    return 0;
}
