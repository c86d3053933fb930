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

bool is_number(std::string_view text) {
    return std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// The password in "scheme://user:password@host"; empty if there is none. Who has not encoded it
/// keeps it secret all the same.
std::string_view find_url_password(std::string_view value) {
    const auto scheme = value.find("://");
    if (scheme == std::string_view::npos) return {};
    std::string_view place = value.substr(scheme + 3);
    place = place.substr(0, place.find_first_of(" \t\r\n"));
    const auto end = std::min(place.find_first_of("/?#"), place.size());
    auto at = place.substr(0, end).rfind('@');
    const auto colon = place.find(':');
    if (colon == std::string_view::npos) return {};
    const bool is_port = colon < end && is_number(place.substr(colon + 1, end - colon - 1));
    if (at == std::string_view::npos && !is_port && colon < end) at = place.rfind('@');
    if (at == std::string_view::npos || colon > at) return {};
    return place.substr(colon + 1, at - colon - 1);
}

/// The password of "host=db user=shop password=secret", "Server=db;Pwd=secret" and
/// "jdbc:…?user=shop&password=secret".
std::string_view find_set_password(std::string_view value) {
    for (const std::string_view name : {"password=", "pwd="}) {
        const auto same = [](unsigned char a, unsigned char b) { return std::tolower(a) == b; };
        const auto found = std::search(value.begin(), value.end(), name.begin(), name.end(), same);
        if (found == value.end()) continue;
        std::string_view rest{found + name.size(), value.end()};
        const bool is_quoted = rest.starts_with('\'');
        if (is_quoted) rest.remove_prefix(1);
        return rest.substr(0, rest.find_first_of(is_quoted ? "'" : ";& \t\r\n"));
    }
    return {};
}

}  // namespace

std::vector<std::string> find_secrets(std::string_view name, std::string_view value) {
    std::vector<std::string> secrets;
    const auto add_lines = [&](std::string_view rest) {
        while (!rest.empty()) {
            const std::string_view line = rest.substr(0, rest.find_first_of("\r\n"));
            if (line.size() >= secret_length_min) secrets.emplace_back(line);
            rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        }
    };
    if (is_secret_name(name)) {
        add_lines(value);
        return secrets;
    }
    add_lines(find_url_password(value));
    add_lines(find_set_password(value));
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
