// Traces in logs that are JSON, one object a line: pino, bunyan, winston, zap, logback, structlog.

#include "core/doctor/picture.hpp"
#include "core/doctor/traceback_readers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <regex>

namespace devstack::core::doctor {

namespace {

/// Of an escape "\u00e9": what is not ASCII is of no interest for a trace.
char read_unicode(std::string_view digits) {
    int code = 0;
    constexpr int base = 16;
    constexpr int ascii_max = 127;
    std::from_chars(digits.data(), digits.data() + digits.size(), code, base);
    return code > 0 && code <= ascii_max ? static_cast<char>(code) : '?';
}

/// The JSON string that begins at `at`, behind its quote.
std::string read_string(std::string_view text, std::size_t at) {
    constexpr std::size_t digits = 4;
    std::string value;
    for (; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] != '\\' || at + 1 == text.size()) {
            value += text[at];
            continue;
        }
        const char escape = text[++at];
        if (escape == 'n')
            value += '\n';
        else if (escape == 't')
            value += '\t';
        else if (escape == 'u') {
            value += read_unicode(text.substr(at + 1, digits));
            at += digits;
        } else if (escape != 'r')
            value += escape;
    }
    return value;
}

}  // namespace

TraceLines unfold_json(const LineFact& line) {
    constexpr std::array<std::string_view, 8> keys{"\"stack\":",
                                                   "\"stacktrace\":",
                                                   "\"stack_trace\":",
                                                   "\"stackTrace\":",
                                                   "\"exception\":",
                                                   "\"exc_info\":",
                                                   "\"traceback\":",
                                                   "\"trace\":"};
    TraceLines lines;
    const std::string_view text = line.text;
    if (text.find('{') == text.npos || text.find("\\n") == text.npos) return lines;
    for (const std::string_view key : keys) {
        const auto found = text.find(key);
        if (found == text.npos) continue;
        const auto at = text.find_first_not_of(' ', found + key.size());
        if (at == text.npos || text[at] != '"') continue;
        std::string value = read_string(text, at + 1);
        for (std::size_t from = 0; from < value.size();) {
            const auto end = std::min(value.find('\n', from), value.size());
            lines.push_back({line.time, value.substr(from, end - from)});
            from = end + 1;
        }
        if (lines.size() > 1) return lines;
        lines.clear();
    }
    return lines;
}

bool tells_server_error_in_json(const std::string& text) {
    static const std::regex status{R"re("status(?:Code|_code)?": ?5\d\d\b)re"};
    return text.starts_with('{') && std::regex_search(text, status);
}

}  // namespace devstack::core::doctor
