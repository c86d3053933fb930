#include "devstack/platform/environment.hpp"
#include "devstack/platform/notify_socket.hpp"
#include "devstack/project/project_paths.hpp"

#include "path_hash.hpp"
#include "private_directory.hpp"

#include <cerrno>
#include <cstring>

#include <sys/stat.h>
#include <unistd.h>

// A path in NOTIFY_SOCKET is the service's to use: it can not be reached by a descriptor of ours
// (decisions/0003), so it has to be short, and its user has to get there.

namespace devstack::project {

namespace {

std::string short_base() {
    if (::geteuid() == 0) return "/run/devstack-notify";
    const auto runtime = platform::find_environment_variable("XDG_RUNTIME_DIR");
    const bool is_usable = runtime && runtime->starts_with('/') && runtime->size() < 40;
    if (is_usable) return *runtime + "/devstack-notify";
    return "/tmp/devstack-notify-" + std::to_string(::geteuid());
}

Status create_passage(const std::string& path) {
    if (Status status = create_private_directory(path); !status) return status;
    constexpr mode_t passable = S_IRWXU | S_IXGRP | S_IXOTH;
    if (::chmod(path.c_str(), passable) == 0) return ok();
    return Error{Error::Kind::system, "cannot open " + path + ": " + std::strerror(errno)};
}

}  // namespace

Result<std::string> create_notify_path(const ProjectPaths& paths,
                                       const std::string& service,
                                       bool is_for_another_user) {
    const std::string directory = paths.runtime_dir + "/notify";
    const bool is_short = directory.size() + 1 + service.size() <= platform::notify_path_max;
    if (is_short && !is_for_another_user) {
        if (Status status = create_private_directory(directory); !status) return status.error();
        return directory + "/" + service;
    }
    const std::string base = short_base();
    const std::string own = base + "/" + hash_of_path(paths.runtime_dir);
    for (const std::string& path : {base, own}) {
        if (Status status = create_passage(path); !status) return status.error();
    }
    const bool fits = own.size() + 1 + service.size() <= platform::notify_path_max;
    return own + "/" + (fits ? service : hash_of_path(service));
}

}  // namespace devstack::project
