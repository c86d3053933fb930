#include "devstack/core/profile/name.hpp"

#include "devstack/core/limits.hpp"

#include <algorithm>
#include <cctype>

namespace devstack::core {

namespace {

bool is_name_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-';
}

bool is_first_character(char c) {
    return is_name_character(c) && c != '.' && c != '-';
}

}  // namespace

std::optional<std::string> find_name_problem(std::string_view name) {
    if (name.empty()) return "is not a name";
    if (name.size() > limits::name_length_max) {
        return "is not a name: more than " + std::to_string(limits::name_length_max) +
               " characters";
    }
    if (!std::all_of(name.begin(), name.end(), is_name_character)) {
        return "is not a name: use letters from a to z, digits, `_`, `.` and `-`";
    }
    if (!is_first_character(name.front())) return "is not a name: it cannot begin with `.` or `-`";
    return std::nullopt;
}

std::string make_name_from_path(std::string_view path) {
    while (path.ends_with('/')) {
        path.remove_suffix(1);
    }
    const auto slash = path.rfind('/');
    if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
    std::string name;
    for (const char c : path.substr(0, limits::name_length_max)) {
        if (name.empty() && !is_first_character(c)) continue;
        name += is_name_character(c) ? c : '-';
    }
    return name.empty() ? "project" : name;
}

}  // namespace devstack::core
