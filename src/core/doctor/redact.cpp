#include "devstack/core/doctor/redact.hpp"

#include "devstack/core/plan/secrets.hpp"

#include <algorithm>
#include <cctype>

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
    hide_bearer_tokens(result);
    return result;
}

}  // namespace devstack::core::doctor
