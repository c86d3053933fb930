#pragma once

#include "devstack/base/result.hpp"
#include "devstack/core/plan/plan.hpp"

#include <optional>
#include <string>
#include <vector>

namespace devstack::project {

/// Where a project keeps what devstack knows of it. All absolute.
///
/// Development: everything below `<project_dir>/.devstack`, which carries its own .gitignore. Host
/// mode as root: logs in /var/log/devstack/NAME, state in /var/lib/devstack/NAME, socket in
/// /run/devstack/NAME; host mode as another user: like development.
struct ProjectPaths {
    std::string project_dir;
    std::string state_dir;  ///< Journal, ledger, prepare stamps.
    std::string log_dir;
    std::string runtime_dir;  ///< Socket and lock.

    std::string control_socket() const { return runtime_dir + "/control.sock"; }
    std::string lock_file() const { return runtime_dir + "/lock"; }
};

ProjectPaths make_project_paths(const std::string& project_dir,
                                const std::string& project_name,
                                core::Mode mode,
                                bool is_root);

/// Creates what is missing, 0700, with .gitignore; refuses directories that are symlinks or belong
/// to somebody else.
Status create_project_paths(const ProjectPaths& paths);

/// Where the notify socket of a service is to be bound (sd_notify(3)): in the runtime directory; or
/// in one below /run or /tmp where its path would be too long, or another user could not get there.
/// Makes the directory.
Result<std::string> create_notify_path(const ProjectPaths& paths,
                                       const std::string& service,
                                       bool is_for_another_user);

/// The profile a person means: a path to a file; a directory that holds devstack.toml; a name
/// looked up as NAME.toml in ./profiles, ~/.config/devstack/profiles and /etc/devstack/profiles;
/// or, with nothing, devstack.toml in `directory` or the nearest one above. Absolute. Fails
/// (not_found) with a message that lists where was looked and what to do.
Result<std::string> find_profile(const std::string& directory,
                                 const std::optional<std::string>& wish);

/// What there is to be looked up there by name, sorted: "demo" for demo.toml.
std::vector<std::string> find_profile_names(const std::string& directory);

/// A project with a daemon, as far as the registry of this user knows.
struct RegisteredProject {
    std::string name;
    std::string project_dir;
    std::string profile;
    std::string runtime_dir;
};

/// The registry of running projects: one small file each below $XDG_RUNTIME_DIR/devstack (or
/// /run/devstack for root, /tmp/devstack-UID at last). Entries may be stale: connect to find out.
Status register_project(const RegisteredProject& project);
void unregister_project(const RegisteredProject& project);
std::vector<RegisteredProject> registered_projects();

}  // namespace devstack::project
