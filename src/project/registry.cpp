#include "devstack/platform/environment.hpp"
#include "devstack/project/project_paths.hpp"

#include "path_hash.hpp"
#include "private_directory.hpp"
#include "text_file.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <tuple>

#include <unistd.h>

// One file for each project, named after its name and directory: four lines, in which a line end
// and "%" are written as in URLs.

namespace devstack::project {

namespace {

constexpr std::size_t entry_size_max = 64 * 1024;
constexpr std::string_view extension = ".project";

std::string registry_directory() {
    const auto runtime = platform::find_environment_variable("XDG_RUNTIME_DIR");
    if (runtime && runtime->starts_with('/')) return *runtime + "/devstack";
    if (::geteuid() == 0) return "/run/devstack";
    return "/tmp/devstack-" + std::to_string(::geteuid());
}

std::string entry_path(const RegisteredProject& project) {
    return registry_directory() + "/" + project.name + "-" + hash_of_path(project.project_dir) +
           std::string{extension};
}

std::string escape(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == '%') {
            result += "%25";
        } else if (c == '\n') {
            result += "%0A";
        } else {
            result += c;
        }
    }
    return result;
}

std::string unescape(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const bool is_percent = text.starts_with("%25");
        if (is_percent || text.starts_with("%0A")) {
            result += is_percent ? '%' : '\n';
            text.remove_prefix(3);
        } else {
            result += text.front();
            text.remove_prefix(1);
        }
    }
    return result;
}

std::optional<RegisteredProject> parse_entry(std::string_view text) {
    std::array<std::string, 4> fields;
    for (std::string& field : fields) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) return std::nullopt;
        field = unescape(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    return RegisteredProject{fields[0], fields[1], fields[2], fields[3]};
}

}  // namespace

Status register_project(const RegisteredProject& project) {
    if (Status status = create_private_directory(registry_directory()); !status) return status;
    std::string text;
    for (const std::string& field :
         {project.name, project.project_dir, project.profile, project.runtime_dir}) {
        text += escape(field) + "\n";
    }
    return replace_text_file(entry_path(project), text);
}

void unregister_project(const RegisteredProject& project) {
    ::unlink(entry_path(project).c_str());
}

std::vector<RegisteredProject> registered_projects() {
    std::vector<RegisteredProject> projects;
    const std::string directory = registry_directory();
    if (!is_private_directory(directory)) return projects;
    std::error_code error;
    std::filesystem::directory_iterator at{directory, error};
    for (const std::filesystem::directory_iterator end; !error && at != end; at.increment(error)) {
        if (at->path().extension() != extension) continue;
        const Result<std::string> text = load_text_file(at->path().string(), entry_size_max);
        if (!text) continue;
        if (auto project = parse_entry(*text)) projects.push_back(std::move(*project));
    }
    std::sort(projects.begin(), projects.end(), [](const auto& a, const auto& b) {
        return std::tie(a.name, a.project_dir) < std::tie(b.name, b.project_dir);
    });
    return projects;
}

}  // namespace devstack::project
