#pragma once

#include "devstack/base/diagnostic.hpp"
#include "devstack/core/plan/plan.hpp"
#include "devstack/project/saved_inputs.hpp"

#include <map>
#include <string>
#include <vector>

namespace devstack::project {

/// What a profile is made into a plan with.
struct LoadRequest {
    std::string profile_path;  ///< Absolute; "" for the text in `builtin_text`.
    std::string builtin_text;  ///< The embedded default profile.
    std::string project_dir;   ///< Absolute; "": the profile's directory (for
                               ///< …/profiles/x.toml: its parent's).
    std::map<std::string, std::string> environment;  ///< devstack's own.
    std::string shown_relative_to;  ///< Diagnostics show paths below it relatively.
    /// If there are any, they are taken for what the files hold, and no file is read.
    std::vector<InputFile> saved;
};

/// A plan, and every file that it was made from: the profile first, then env files, missing ones
/// too.
struct LoadedPlan {
    core::Plan plan;
    std::vector<InputFile> inputs;
};

/// Reads the profile and its env files and makes the plan. All mistakes at once, never an abort,
/// for any input. Unreadable files are diagnostics like any other.
Checked<LoadedPlan> load_plan(const LoadRequest& request);

}  // namespace devstack::project
