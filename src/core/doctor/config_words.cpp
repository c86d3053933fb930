#include "core/doctor/config_words.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace devstack::core::doctor {

namespace {

bool is_space(char c) {
    return std::isspace(static_cast<unsigned char>(c)) != 0;
}

std::vector<std::string> split_words(std::string_view line) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < line.size();) {
        if (is_space(line[at])) {
            ++at;
            continue;
        }
        if (line[at] == '#') break;
        std::string word;
        char quote = '\0';
        for (; at < line.size() && (quote != '\0' || !is_space(line[at])); ++at) {
            const char c = line[at];
            if (quote == '\0' && (c == '"' || c == '\'')) {
                quote = c;
            } else if (c == quote) {
                quote = '\0';
            } else {
                word += c;
            }
        }
        words.push_back(std::move(word));
    }
    return words;
}

}  // namespace

std::vector<ConfigLine> read_config_lines(std::string_view text) {
    std::vector<ConfigLine> lines;
    int number = 0;
    bool goes_on = false;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string_view line = text.substr(at, end - at);
        at = end + 1;
        ++number;
        if (line.ends_with('\r')) line.remove_suffix(1);
        const bool is_continued = line.ends_with('\\');
        if (is_continued) line.remove_suffix(1);
        auto words = split_words(line);
        if (goes_on && !lines.empty()) {
            std::ranges::move(words, std::back_inserter(lines.back().words));
        } else if (!words.empty()) {
            lines.push_back({std::move(words), number});
        }
        goes_on = is_continued;
    }
    return lines;
}

double read_duration(std::string_view text, double usual) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number <= 0) return 0;
    const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
    if (unit.empty()) return number * usual;
    if (unit == "ms") return number / 1000.0;
    if (unit == "s") return number;
    if (unit == "m" || unit == "min") return number * 60.0;
    if (unit == "h") return number * 3600.0;
    return 0;
}

int port_of(std::string_view address) {
    const auto colon = address.rfind(':');
    const bool is_bare = colon != address.npos && address.find(']', colon) != address.npos;
    if (is_bare) return 0;
    const auto digits = colon == address.npos ? address : address.substr(colon + 1);
    int port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    const bool is_port = error == std::errc{} && end == digits.data() + digits.size();
    return is_port && port > 0 && port < 65536 ? port : 0;
}

std::string host_of(std::string_view address) {
    if (address.starts_with('[')) {
        return std::string{address.substr(1, address.find(']') - 1)};
    }
    return std::string{address.substr(0, address.rfind(':'))};
}

void add_ports(const std::string& addresses, std::vector<std::string>& ports) {
    for (std::size_t at = 0; at < addresses.size();) {
        const std::size_t end = std::min(addresses.find(',', at), addresses.size());
        const int port = port_of(addresses.substr(at, end - at));
        if (port != 0) ports.push_back(std::to_string(port));
        at = end + 1;
    }
}

}  // namespace devstack::core::doctor
