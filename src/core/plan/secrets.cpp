#include "devstack/core/plan/secrets.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <set>

namespace devstack::core {

namespace {

constexpr std::size_t secret_length_min = 6;
constexpr std::string_view mask = "***";

constexpr std::array<std::string_view, 7> secret_words{
    "SECRET", "TOKEN", "PASSWORD", "PASSWD", "API_KEY", "PRIVATE", "CREDENTIAL"};

bool is_secret_name(std::string_view name) {
    std::string upper{name};
    for (char& c : upper) {
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return std::any_of(secret_words.begin(), secret_words.end(), [&](std::string_view word) {
        return upper.find(word) != std::string::npos;
    });
}

/// The password in "scheme://user:password@host"; empty if there is none.
std::string_view find_url_password(std::string_view value) {
    const auto scheme = value.find("://");
    if (scheme == std::string_view::npos) return {};
    std::string_view place = value.substr(scheme + 3);
    place = place.substr(0, place.find_first_of("/?# \t\r\n"));
    const auto at = place.rfind('@');
    if (at == std::string_view::npos) return {};
    const auto colon = place.find(':');
    if (colon == std::string_view::npos || colon > at) return {};
    return place.substr(colon + 1, at - colon - 1);
}

}  // namespace

std::vector<std::string> find_secrets(std::string_view name, std::string_view value) {
    std::string_view rest = is_secret_name(name) ? value : find_url_password(value);
    std::vector<std::string> secrets;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find_first_of("\r\n"));
        if (line.size() >= secret_length_min) secrets.emplace_back(line);
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    }
    return secrets;
}

std::vector<std::string> join_secrets(const std::vector<std::string>& some,
                                      const std::vector<std::string>& others) {
    std::set<std::string> all{some.begin(), some.end()};
    all.insert(others.begin(), others.end());
    std::vector<std::string> joined{all.begin(), all.end()};
    std::ranges::stable_sort(joined, std::ranges::greater{}, &std::string::size);
    return joined;
}

std::string hide_secrets(std::string text, const std::vector<std::string>& secrets) {
    for (const std::string& secret : secrets) {
        std::size_t at = text.find(secret);
        while (at != std::string::npos) {
            text.replace(at, secret.size(), mask);
            at = text.find(secret, at + mask.size());
        }
    }
    return text;
}

}  // namespace devstack::core
