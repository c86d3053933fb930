#include "devstack/project/project_paths.hpp"

#include "private_directory.hpp"
#include "text_file.hpp"

#include <cerrno>
#include <cstring>

#include <sys/stat.h>
#include <unistd.h>

namespace devstack::project {

namespace {

bool is_development(const ProjectPaths& paths) {
    return paths.state_dir.ends_with("/.devstack/state");
}

/// Creates a directory two levels below one that every Linux has ("/var/log").
Status create_below_system(const std::string& path) {
    const std::string parent = path.substr(0, path.rfind('/'));
    if (Status status = create_private_directory(parent); !status) return status;
    return create_private_directory(path);
}

/// What is in .devstack is nobody's business but this machine's.
Status create_gitignore(const std::string& directory) {
    const std::string path = directory + "/.gitignore";
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0) return ok();
    return replace_text_file(path, "*\n");
}

}  // namespace

ProjectPaths make_project_paths(const std::string& project_dir,
                                const std::string& project_name,
                                core::Mode mode,
                                bool is_root) {
    if (mode == core::Mode::host && is_root) {
        return {project_dir,
                "/var/lib/devstack/" + project_name,
                "/var/log/devstack/" + project_name,
                "/run/devstack/" + project_name};
    }
    const std::string base = (project_dir == "/" ? "" : project_dir) + "/.devstack";
    return {project_dir, base + "/state", base + "/logs", base + "/run"};
}

Status create_project_paths(const ProjectPaths& paths) {
    if (is_development(paths)) {
        const std::string base = paths.state_dir.substr(0, paths.state_dir.rfind('/'));
        if (Status status = create_private_directory(base); !status) return status;
        if (Status status = create_gitignore(base); !status) return status;
        for (const std::string& path : {paths.state_dir, paths.log_dir, paths.runtime_dir}) {
            if (Status status = create_private_directory(path); !status) return status;
        }
        return ok();
    }
    for (const std::string& path : {paths.state_dir, paths.log_dir, paths.runtime_dir}) {
        if (Status status = create_below_system(path); !status) return status;
    }
    return ok();
}

}  // namespace devstack::project
