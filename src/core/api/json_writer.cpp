#include "core/api/json_writer.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace devstack::core::api {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// Bytes of the valid UTF-8 sequence of two or more bytes at the front; 0 when it is not valid
/// (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
    const unsigned lead = byte(0);
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if (!continues(i)) return 0;
    }
    const unsigned second = byte(1);
    if (lead == 0xE0 && second < 0xA0) return 0;
    if (lead == 0xED && second > 0x9F) return 0;
    if (lead == 0xF0 && second < 0x90) return 0;
    if (lead == 0xF4 && second > 0x8F) return 0;
    return length;
}

constexpr std::array<bool, 256> make_plain_bytes() {
    std::array<bool, 256> plain{};
    for (std::size_t i = 0x20; i < 0x7F; ++i)
        plain[i] = i != '"' && i != '\\';
    return plain;
}
constexpr std::array<bool, 256> is_plain = make_plain_bytes();

void append_escaped(std::string& out, unsigned char byte) {
    switch (byte) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default: break;
    }
    constexpr std::string_view digits = "0123456789abcdef";
    out += "\\u00";
    out += digits[byte >> 4U];
    out += digits[byte & 0x0FU];
}

}  // namespace

void JsonWriter::key(std::string_view name) {
    separate();
    text_ += '"';
    text_ += name;
    text_ += layout_ == Layout::indented ? "\": " : "\":";
    needs_comma_ = false;
    is_after_key_ = true;
}

void JsonWriter::value(std::string_view text) {
    separate();
    text_ += '"';
    std::size_t i = 0;
    while (i < text.size()) {
        const std::size_t begin = i;
        while (i < text.size() && is_plain[static_cast<unsigned char>(text[i])])
            ++i;
        text_ += text.substr(begin, i - begin);
        if (i == text.size()) break;
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x80) {
            append_escaped(text_, byte);
            ++i;
            continue;
        }
        const std::size_t length = sequence_length(text.substr(i));
        text_ += length == 0 ? replacement : text.substr(i, length);
        i += length == 0 ? 1 : length;
    }
    text_ += '"';
    needs_comma_ = true;
}

void JsonWriter::value(double number) {
    if (!std::isfinite(number)) number = 0;
    std::array<char, 32> digits{};
    const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    literal({digits.data(), static_cast<std::size_t>(result.ptr - digits.data())});
}

void JsonWriter::value(const std::vector<std::string>& texts) {
    begin_list();
    for (const std::string& text : texts)
        value(text);
    end_list();
}

void JsonWriter::open(char bracket) {
    separate();
    text_ += bracket;
    needs_comma_ = false;
    ++depth_;
}

void JsonWriter::close(char bracket) {
    --depth_;
    if (needs_comma_) begin_line();  // Not in an empty one.
    text_ += bracket;
    needs_comma_ = true;
}

void JsonWriter::separate() {
    if (needs_comma_) text_ += ',';
    if (is_after_key_) {
        is_after_key_ = false;
    } else if (depth_ > 0) {
        begin_line();
    }
}

void JsonWriter::begin_line() {
    if (layout_ == Layout::one_line) return;
    constexpr std::size_t step = 2;
    text_ += '\n';
    text_.append(step * depth_, ' ');
}

void JsonWriter::literal(std::string_view text) {
    separate();
    text_ += text;
    needs_comma_ = true;
}

void JsonWriter::whole(std::int64_t number) {
    std::array<char, 24> digits{};
    const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    literal({digits.data(), static_cast<std::size_t>(result.ptr - digits.data())});
}

void JsonWriter::whole(std::uint64_t number) {
    std::array<char, 24> digits{};
    const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    literal({digits.data(), static_cast<std::size_t>(result.ptr - digits.data())});
}

}  // namespace devstack::core::api
