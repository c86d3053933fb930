#include "diagnosis/rust_names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>
#include <vector>

namespace devstack::diagnosis {

namespace {

constexpr std::size_t hash_digits = 16;

bool is_hash(std::string_view part) {
    return part.size() == hash_digits + 1 && part.front() == 'h' &&
           std::ranges::all_of(part.substr(1),
                               [](unsigned char c) { return std::isxdigit(c) != 0; });
}

/// "{{closure}}" of "_$u7b$$u7b$closure$u7d$$u7d$": a type's own words are written so.
std::string unescape(std::string_view part) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 11> signs{{
        {"$LT$", "<"},
        {"$GT$", ">"},
        {"$u20$", " "},
        {"$u7b$", "{"},
        {"$u7d$", "}"},
        {"$RF$", "&"},
        {"$BP$", "*"},
        {"$LP$", "("},
        {"$RP$", ")"},
        {"$C$", ","},
        {"..", "::"},
    }};
    if (part.starts_with("_$")) part.remove_prefix(1);
    std::string text;
    while (!part.empty()) {
        const auto* const sign =
            std::ranges::find_if(signs, [&](const auto& it) { return part.starts_with(it.first); });
        text += sign == signs.end() ? part.substr(0, 1) : sign->second;
        part.remove_prefix(sign == signs.end() ? 1 : sign->first.size());
    }
    return text;
}

/// Takes "5store" from the front; empty: there is none.
std::string_view take_identifier(std::string_view& text) {
    std::size_t size = 0;
    const char* const end = text.data() + text.size();
    const auto digits = std::from_chars(text.data(), end, size);
    if (digits.ec != std::errc{}) return {};
    auto begin = static_cast<std::size_t>(digits.ptr - text.data());
    // In the new way a name that begins like a digit has a line in front.
    if (begin < text.size() && text[begin] == '_' && begin + 1 + size <= text.size()) {
        const char next = text.size() > begin + 1 ? text[begin + 1] : ' ';
        if (next == '_' || std::isdigit(static_cast<unsigned char>(next)) != 0) ++begin;
    }
    if (size > text.size() - begin) return {};
    const auto identifier = text.substr(begin, size);
    text.remove_prefix(begin + size);
    return identifier;
}

std::string join(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& it : parts)
        text += (text.empty() ? "" : "::") + it;
    return text;
}

/// "_ZN5stock5Store7reorder17h54364d0e4d2a517eE".
std::string read_old(std::string_view symbol) {
    symbol.remove_prefix(3);
    std::vector<std::string> parts;
    bool has_hash = false;
    while (!symbol.empty() && symbol.front() != 'E') {
        const auto part = take_identifier(symbol);
        if (part.empty()) return "";
        has_hash = is_hash(part);
        if (!has_hash) parts.push_back(unescape(part));
    }
    return has_hash ? join(parts) : "";
}

/// "_RNvMNtNtCsjrHSEGnQ3l9_3std4sync5mutexNtB2_5Mutex4lock": what are no names are numbers that
/// end with a line, and letters that say of what kind the next one is.
std::string read_new(std::string_view symbol) {
    symbol.remove_prefix(2);
    std::vector<std::string> parts;
    while (!symbol.empty()) {
        const char first = symbol.front();
        if (std::isdigit(static_cast<unsigned char>(first)) != 0) {
            const bool is_nameless = first == '0';
            const auto part = is_nameless ? std::string_view{} : take_identifier(symbol);
            if (!is_nameless && part.empty()) return "";
            if (is_nameless) symbol.remove_prefix(1);
            parts.emplace_back(is_nameless ? "{{closure}}" : part);
            continue;
        }
        if (first == 'I' || first == '.') break;  // Parameters, or what LLVM adds.
        const auto line = symbol.find('_');
        const bool is_number = first == 's' || first == 'B';
        symbol.remove_prefix(is_number && line != symbol.npos ? line + 1 : 1);
    }
    return join(parts);
}

}  // namespace

std::string readable_rust_name(std::string_view symbol) {
    if (symbol.starts_with("_R") && symbol.size() > 4) return read_new(symbol);
    if (symbol.starts_with("_ZN")) return read_old(symbol);
    return "";
}

}  // namespace devstack::diagnosis
