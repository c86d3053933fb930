#include "diagnosis/file_status.hpp"

#include <array>
#include <filesystem>
#include <vector>

#include <grp.h>

namespace devstack::diagnosis {

namespace fs = std::filesystem;

std::optional<struct stat> status_of(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    return status;
}

std::string render_mode(mode_t mode) {
    std::string text = S_ISSOCK(mode) ? "s" : S_ISDIR(mode) ? "d" : "-";
    constexpr std::array<mode_t, 9> bits{0400, 0200, 0100, 0040, 0020, 0010, 0004, 0002, 0001};
    for (std::size_t i = 0; i < bits.size(); ++i)
        text += (mode & bits[i]) != 0 ? "rwx"[i % 3] : '-';
    return text;
}

std::string group_name(gid_t id) {
    std::array<char, 4096> buffer{};
    struct group entry {};
    struct group* found = nullptr;
    ::getgrgid_r(id, &entry, buffer.data(), buffer.size(), &found);
    return found == nullptr ? std::to_string(id) : found->gr_name;
}

std::string find_elsewhere(const std::string& name, const std::string& project_dir) {
    std::vector<std::string> found;
    std::error_code error;
    fs::recursive_directory_iterator it{
        project_dir, fs::directory_options::skip_permission_denied, error};
    constexpr int depth_max = 3;
    constexpr int looked_at_max = 5000;
    int looked_at = 0;
    for (; !error && it != fs::recursive_directory_iterator{}; it.increment(error)) {
        const std::string base = it->path().filename().string();
        if (base == "node_modules" || base.starts_with('.') || it.depth() >= depth_max) {
            it.disable_recursion_pending();
        }
        if (base == name) found.push_back(it->path().lexically_relative(project_dir).string());
        if (++looked_at > looked_at_max) break;
    }
    return found.size() == 1 ? found.front() : "";
}

}  // namespace devstack::diagnosis
