#include "secrets.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace devstack::core {

namespace {

constexpr std::size_t secret_length_min = 6;

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
    const std::string_view secret = is_secret_name(name) ? value : find_url_password(value);
    if (secret.size() < secret_length_min) return {};
    return {std::string{secret}};
}

}  // namespace devstack::core
