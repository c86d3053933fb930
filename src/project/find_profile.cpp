#include "devstack/base/text.hpp"
#include "devstack/platform/environment.hpp"
#include "devstack/project/project_paths.hpp"

#include <filesystem>
#include <set>

#include <sys/stat.h>

namespace devstack::project {

namespace {

constexpr auto file_name = "devstack.toml";

std::string absolute(const std::string& directory, const std::string& path) {
    return (std::filesystem::path{directory} / path).lexically_normal().string();
}

bool is_directory(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// Anything but a directory: what cannot be read is to be told by who reads it.
bool is_file(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode);
}

Result<std::string> find_upwards(const std::string& directory) {
    std::filesystem::path at{absolute(directory, ".")};
    while (true) {
        const std::string path = (at / file_name).lexically_normal().string();
        if (is_file(path)) return path;
        if (!at.has_relative_path()) break;
        at = at.parent_path();
    }
    return Error{Error::Kind::not_found,
                 "there is no devstack.toml in " + directory +
                     " or above it; write one, or say which profile: devstack up PROFILE"};
}

std::vector<std::string> profile_directories(const std::string& directory) {
    std::vector<std::string> directories{absolute(directory, "profiles")};
    const auto config = platform::find_environment_variable("XDG_CONFIG_HOME");
    const auto home = platform::find_environment_variable("HOME");
    if (config && config->starts_with('/')) {
        directories.push_back(*config + "/devstack/profiles");
    } else if (home && !home->empty()) {
        directories.push_back(*home + "/.config/devstack/profiles");
    }
    directories.emplace_back("/etc/devstack/profiles");
    return directories;
}

Result<std::string> find_named(const std::string& directory, const std::string& name) {
    std::vector<std::string> looked_at{absolute(directory, name)};
    const bool is_name = name.find('/') == std::string::npos && name != "." && name != "..";
    if (is_name) {
        for (const std::string& profiles : profile_directories(directory)) {
            std::string path = profiles + "/" + name + (name.ends_with(".toml") ? "" : ".toml");
            if (is_file(path)) return path;
            looked_at.push_back(std::move(path));
        }
    }
    return Error{Error::Kind::not_found,
                 "there is no profile \"" + name + "\"; looked for " + join_for_people(looked_at)};
}

}  // namespace

Result<std::string> find_profile(const std::string& directory,
                                 const std::optional<std::string>& wish) {
    if (!wish) return find_upwards(directory);
    const std::string path = absolute(directory, *wish);
    if (!wish->empty() && is_file(path)) return path;
    if (!wish->empty() && is_directory(path)) {
        std::string inside = absolute(path, file_name);
        if (is_file(inside)) return inside;
        // "sora" may be the name of a profile all the same.
        if (wish->find('/') != std::string::npos || *wish == "." || *wish == "..") {
            return Error{Error::Kind::not_found, "there is no devstack.toml in " + path};
        }
    }
    return find_named(directory, *wish);
}

std::vector<std::string> find_profile_names(const std::string& directory) {
    std::set<std::string> names;
    for (const std::string& profiles : profile_directories(directory)) {
        std::error_code error;
        std::filesystem::directory_iterator at{profiles, error};
        for (const std::filesystem::directory_iterator end; !error && at != end;
             at.increment(error)) {
            const std::filesystem::path& path = at->path();
            if (path.extension() == ".toml" && is_file(path)) names.insert(path.stem());
        }
    }
    return {names.begin(), names.end()};
}

}  // namespace devstack::project
