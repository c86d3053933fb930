#pragma once

#include "devstack/client/connection.hpp"
#include "devstack/platform/file_descriptor.hpp"
#include "devstack/project/load_plan.hpp"
#include "devstack/project/project_paths.hpp"

#include <string>

namespace devstack::cli {

/// The profile that `up` works with, and what is known of it before anything runs.
struct ChosenProfile {
    project::LoadRequest load;
    project::ProjectPaths paths;
    core::Plan plan;
    std::string shown_name;  ///< "profiles/demo.toml", "demo (built in)".
};

/// Finds and loads the profile. Mistakes in it are printed in full; the error is then only
/// "invalid". Falls back to a built-in profile of that name.
Result<ChosenProfile> choose_profile(const std::optional<std::string>& wish);

struct Launched {
    client::Connection connection;
    bool is_new = false;  ///< False: somebody had brought it up before.
    /// Closing it without a word takes everything down; see `keep_running`.
    platform::FileDescriptor lifeline;

    /// The services stay when we leave.
    void keep_running();
};

/// Connects to the project's daemon, after starting keeper and daemon if there is none. Two that
/// try at the same time take turns, and the second one connects.
Result<Launched> reach_or_launch(const ChosenProfile& profile, bool frees_ports);

}  // namespace devstack::cli
