#include "devstack/core/doctor/redact.hpp"

#include "devstack/core/plan/secrets.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace devstack::core::doctor {

namespace {

constexpr std::string_view stars = "***";

/// "scheme://user:password@": the password.
void hide_url_passwords(std::string& text) {
    for (auto mark = text.find("://"); mark != text.npos; mark = text.find("://", mark + 3)) {
        const auto begin = mark + 3;
        const auto end = std::min(text.find_first_of("/ \t\"'<>", begin), text.size());
        const auto at = text.rfind('@', end == 0 ? 0 : end - 1);
        const auto colon = text.find(':', begin);
        if (at == text.npos || at < begin || colon == text.npos || colon > at) continue;
        text.replace(colon + 1, at - colon - 1, stars);
    }
}

void hide_bearer_tokens(std::string& text) {
    for (const std::string_view word : {"Bearer ", "bearer ", "Basic "}) {
        for (auto at = text.find(word); at != text.npos; at = text.find(word, at + word.size())) {
            const auto begin = at + word.size();
            const auto end = std::min(text.find_first_of(" \t\"',;", begin), text.size());
            constexpr std::size_t token_size_min = 16;
            if (end - begin >= token_size_min) text.replace(begin, end - begin, stars);
        }
    }
}

/// "jdbc:postgresql://db/x?user=me&password=pw", "host=db password=pw": the password.
void hide_password_parameters(std::string& text) {
    static constexpr std::array<std::string_view, 4> names{
        "password=", "passwd=", "pwd=", "sslpassword="};
    for (const std::string_view name : names) {
        for (auto at = text.find(name); at != text.npos; at = text.find(name, at + name.size())) {
            constexpr std::string_view before = "?&;: \t\"'(,";
            if (at > 0 && before.find(text[at - 1]) == before.npos) continue;
            const auto begin = at + name.size();
            const bool is_quoted = begin < text.size() && text[begin] == '\'';
            const auto end =
                is_quoted ? text.find('\'', begin + 1) : text.find_first_of("&; \t\"'),", begin);
            const auto first = begin + (is_quoted ? 1 : 0);
            const auto last = std::min(end, text.size());
            if (last > first) text.replace(first, last - first, stars);
        }
    }
}

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Bits of information per character, by Shannon.
double entropy_of(std::string_view word) {
    std::array<int, 128> counts{};
    for (const char c : word)
        ++counts[static_cast<unsigned char>(c)];
    double bits = 0;
    for (const int count : counts) {
        if (count == 0) continue;
        const double share = static_cast<double>(count) / static_cast<double>(word.size());
        bits -= share * std::log2(share);
    }
    return bits;
}

/// A key, a token, a hash: long, letters and digits mixed, and hardly a character twice. Words of
/// a language stay below the bound or have no digits; UUIDs come in shorter pieces, numbers have no
/// letters.
bool looks_random(std::string_view word) {
    constexpr std::size_t size_min = 20;
    constexpr double entropy_min =
        3.3;  // 32 random hexadecimal digits have 3.7, give or take 0.15.
    if (word.size() < size_min) return false;
    const auto digits = std::ranges::count_if(word, [](char c) { return c >= '0' && c <= '9'; });
    const bool is_mixed = digits >= 2 && static_cast<std::size_t>(digits) < word.size();
    return is_mixed && entropy_of(word) >= entropy_min;
}

void hide_random_words(std::string& text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const auto rest = std::string_view{text}.substr(at);
        const auto end = std::ranges::find_if_not(rest, is_letter_or_digit);
        const auto size = static_cast<std::size_t>(end - rest.begin());
        const std::string_view word = rest.substr(0, std::max<std::size_t>(size, 1));
        out += looks_random(word) ? stars : word;
        at += word.size();
    }
    text = std::move(out);
}

}  // namespace

bool names_secret(std::string_view name) {
    return !find_secrets(name, "a value that is long enough").empty();
}

std::vector<std::string> secrets_in(std::string_view name, std::string_view value) {
    return find_secrets(name, value);
}

std::string redact(std::string_view text, const std::vector<std::string>& secrets) {
    std::string result = hide_secrets(std::string{text}, secrets);
    hide_url_passwords(result);
    hide_password_parameters(result);
    hide_bearer_tokens(result);
    return result;
}

std::string redact_for_others(std::string_view text, const std::vector<std::string>& secrets) {
    std::string result = redact(text, secrets);
    hide_random_words(result);
    return result;
}

}  // namespace devstack::core::doctor
