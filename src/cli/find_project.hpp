#pragma once

#include "devstack/client/connection.hpp"
#include "devstack/core/api/messages.hpp"
#include "devstack/core/api/query.hpp"
#include "devstack/project/project_paths.hpp"

#include "cli/commands.hpp"

#include <string>

namespace devstack::cli {

/// The project that a command is about, and where its things are.
struct ProjectPlace {
    std::string name;  ///< Empty when nobody has told it yet; see `shown_name`.
    project::ProjectPaths paths;

    std::string shown_name() const { return name.empty() ? paths.project_dir : name; }
};

/// The one named with --project; else that of the nearest directory, here or above, which holds
/// .devstack or devstack.toml. Looks at as few files as it can: `status` begins with it. Fails with
/// not_found and a message that says what to do.
Result<ProjectPlace> find_project(const Common& common);

struct RunningProject {
    ProjectPlace place;
    client::Connection connection;
};

/// Fails with not_found if it does not run: "shop is not running; start it with `devstack up`".
Result<RunningProject> reach_project(const Common& common);

/// What it says of itself; when its daemon has just died, what the next one says.
Result<core::api::StateMessage> fetch_state(RunningProject& project,
                                            const core::api::StateRequest& request = {});

/// True when the error says that nothing runs there.
bool means_not_running(const Error& error);

/// Complains; returns the exit code that fits the error.
int fail(const Error& error);

}  // namespace devstack::cli
