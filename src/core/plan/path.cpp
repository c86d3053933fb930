#include "path.hpp"

#include <vector>

namespace devstack::core {

namespace {

std::string normalize(std::string_view path) {
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        const auto slash = path.find('/');
        const std::string_view part = path.substr(0, slash);
        if (part == ".." && !parts.empty()) parts.pop_back();
        if (!part.empty() && part != "." && part != "..") parts.push_back(part);
        if (slash == std::string_view::npos) break;
        path.remove_prefix(slash + 1);
    }
    std::string result;
    for (const std::string_view part : parts) {
        result += '/';
        result += part;
    }
    return result.empty() ? "/" : result;
}

}  // namespace

std::string resolve_path(std::string_view base, std::string_view path, std::string_view home) {
    if (path.starts_with('/')) return normalize(path);
    const bool is_home = !home.empty() && (path == "~" || path.starts_with("~/"));
    if (is_home) return normalize(std::string{home} + std::string{path.substr(1)});
    return normalize(std::string{base} + "/" + std::string{path});
}

}  // namespace devstack::core
