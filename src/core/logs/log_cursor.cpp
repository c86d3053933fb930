#include "devstack/core/logs/log_line.hpp"

#include <charconv>
#include <utility>

namespace devstack::core {

namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

/// The name with what separates entries written as %XX.
std::string escape(const std::string& name) {
    std::string escaped;
    for (const char c : name) {
        if (c == ',' || c == ':' || c == '%') {
            escaped += '%';
            escaped += hex_digits[static_cast<unsigned char>(c) >> 4];
            escaped += hex_digits[static_cast<unsigned char>(c) & 0xf];
        } else {
            escaped += c;
        }
    }
    return escaped;
}

std::optional<std::string> unescape(std::string_view text) {
    std::string name;
    while (!text.empty()) {
        if (text.front() != '%') {
            name += text.front();
            text.remove_prefix(1);
            continue;
        }
        if (text.size() < 3) return std::nullopt;
        const auto high = hex_digits.find(text[1]);
        const auto low = hex_digits.find(text[2]);
        if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
        name += static_cast<char>(high << 4 | low);
        text.remove_prefix(3);
    }
    return name;
}

std::string render(const LogPosition& position) {
    std::string text = std::to_string(position.end);
    if (position.pending != position.end) {
        const bool is_error = position.pending_stream == LogStream::standard_error;
        text += "/" + std::to_string(position.pending) + (is_error ? "e" : "o");
    }
    if (position.continued_output) text += "~o" + std::to_string(*position.continued_output);
    if (position.continued_error) text += "~e" + std::to_string(*position.continued_error);
    return text;
}

bool skip(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
}

template <typename Number>
bool skip_number(std::string_view& text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

/// "/80e", if there is one. False: it is not well-formed.
bool parse_pending(std::string_view& text, LogPosition& position) {
    position.pending = position.end;
    if (!skip(text, "/")) return true;
    if (!skip_number(text, position.pending) || position.pending >= position.end) return false;
    if (skip(text, "o")) return true;
    position.pending_stream = LogStream::standard_error;
    return skip(text, "e");
}

bool parse_continued(std::string_view& text,
                     std::string_view word,
                     std::optional<std::uint32_t>& run) {
    if (!skip(text, word)) return true;
    return skip_number(text, run.emplace());
}

std::optional<LogPosition> parse_position(std::string_view text) {
    LogPosition position;
    const bool is_well_formed = skip_number(text, position.end) && parse_pending(text, position) &&
                                parse_continued(text, "~o", position.continued_output) &&
                                parse_continued(text, "~e", position.continued_error);
    if (!is_well_formed || !text.empty()) return std::nullopt;
    return position;
}

}  // namespace

std::string_view name_of(LogStream stream) {
    return stream == LogStream::standard_error ? "stderr" : "stdout";
}

std::string_view name_of(LogGap::Cause cause) {
    return cause == LogGap::Cause::removed ? "removed" : "unwritten";
}

std::string LogCursor::text() const {
    std::string text;
    for (const auto& [service, position] : positions) {
        if (!text.empty()) text += ',';
        text += escape(service) + ":" + render(position);
    }
    return text;
}

std::optional<LogCursor> LogCursor::parse(std::string_view text) {
    LogCursor cursor;
    while (!text.empty()) {
        const auto comma = text.find(',');
        const std::string_view entry = text.substr(0, comma);
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
        const bool ends_with_comma = comma != std::string_view::npos && text.empty();
        const auto colon = entry.find(':');
        if (ends_with_comma || colon == std::string_view::npos) return std::nullopt;
        auto service = unescape(entry.substr(0, colon));
        auto position = parse_position(entry.substr(colon + 1));
        if (!service || !position) return std::nullopt;
        const bool is_new = cursor.positions.emplace(std::move(*service), *position).second;
        if (!is_new) return std::nullopt;
    }
    return cursor;
}

}  // namespace devstack::core
