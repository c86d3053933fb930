#include "devstack/core/doctor/browser_words.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <regex>

namespace devstack::core::doctor {

std::string preflight_headers(const DialFact& dial) {
    constexpr std::array<std::string_view, 14> simple{"accept",
                                                      "accept-language",
                                                      "content-language",
                                                      "origin",
                                                      "cookie",
                                                      "host",
                                                      "referer",
                                                      "user-agent",
                                                      "connection",
                                                      "accept-encoding",
                                                      "range",
                                                      "cache-control",
                                                      "pragma",
                                                      "upgrade"};
    std::string names;
    for (const HeaderFact& it : dial.sent) {
        std::string name = it.name;
        std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
        const bool is_form = name == "content-type" && it.value.find("json") == std::string::npos;
        const bool is_simple = is_form || name.starts_with("sec-") ||
                               std::ranges::find(simple, std::string_view{name}) != simple.end();
        if (!is_simple) names += (names.empty() ? "" : ",") + name;
    }
    return names;
}

std::string first_part(std::string_view path) {
    const auto end = path.find('/', 1);
    return end == path.npos || end < 2 ? "" : std::string{path.substr(0, end)};
}

std::vector<std::string> parts_of_page(const std::string& html, const std::string& prefix) {
    constexpr std::size_t parts_max = 3;
    static const std::regex form{
        R"re((?:\bsrc=|\bhref=|\burl: ?)["'](/[\w./-]+\.(?:js|mjs|css|json|ya?ml))["'?])re"};
    std::vector<std::string> parts;
    for (std::sregex_iterator it{html.begin(), html.end(), form}, end; it != end; ++it) {
        const std::string path = (*it)[1].str();
        const bool is_below = path.starts_with(prefix + "/") || path.starts_with("//");
        if (!is_below && parts.size() < parts_max) parts.push_back(path);
    }
    return parts;
}

std::string without_cookie_value(std::string_view header) {
    const auto equals = header.find('=');
    const auto semicolon = header.find(';');
    if (equals == header.npos || equals > semicolon) return "***";
    const std::string rest = semicolon == header.npos ? "" : std::string{header.substr(semicolon)};
    return std::string{header.substr(0, equals)} + "=***" + rest;
}

}  // namespace devstack::core::doctor
