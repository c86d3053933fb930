// Ranges as node-semver reads them, as far as their first numbers go: a program that runs with
// another patch level than it names runs as a rule.

#include "core/doctor/node_versions.hpp"

#include <array>
#include <charconv>
#include <regex>

namespace devstack::core::doctor {

namespace {

using Version = std::array<int, 3>;

int number_in(const std::string& text) {
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// Every comparator between two "||" has to hold.
bool holds(const std::string& range, const Version& version) {
    static const std::regex comparator{
        R"((>=|<=|>|<|=|\^|~)?\s*v?(\d+)(?:\.(\d+|x|X|\*))?(?:\.(\d+|x|X|\*))?)"};
    bool has_any = false;
    const bool is_span = range.find(" - ") != range.npos;
    for (std::sregex_iterator it{range.begin(), range.end(), comparator}, end; it != end; ++it) {
        const std::smatch& found = *it;
        has_any = true;
        const std::string sign = found[1].str();
        const bool has_minor = found[2].matched && found[3].matched &&
                               found[3].str().find_first_not_of("0123456789") == std::string::npos;
        const Version named{number_in(found[2].str()),
                            has_minor ? number_in(found[3].str()) : 0,
                            number_in(found[4].str())};
        if (is_span) return true;
        const bool is_same_major = version[0] == named[0];
        if (sign == ">=" && version < named) return false;
        if (sign == ">" && (has_minor ? version <= named : version[0] <= named[0])) return false;
        if (sign == "<" && version >= named) return false;
        if (sign == "<=" && version[0] > named[0]) return false;
        if ((sign == "^" || sign == "~") && (!is_same_major || version < named)) return false;
        if ((sign.empty() || sign == "=") && !is_same_major) return false;
    }
    // "*", "lts/iron", "node".
    return has_any || range.find_first_of("0123456789") == range.npos;
}

}  // namespace

bool may_be_wanted(const std::string& wanted, const std::string& version) {
    static const std::regex form{R"(v?(\d+)\.(\d+)\.(\d+))"};
    std::smatch found;
    if (!std::regex_search(version, found, form)) return true;
    const Version own{
        number_in(found[1].str()), number_in(found[2].str()), number_in(found[3].str())};
    std::size_t begin = 0;
    for (;;) {
        const auto end = wanted.find("||", begin);
        if (holds(wanted.substr(begin, end - begin), own)) return true;
        if (end == wanted.npos) return false;
        begin = end + 2;
    }
}

}  // namespace devstack::core::doctor
