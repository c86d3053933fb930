#include "cli/find_project.hpp"

#include "devstack/base/text.hpp"
#include "devstack/platform/environment.hpp"
#include "devstack/project/load_plan.hpp"

#include "cli/reach_daemon.hpp"

#include <filesystem>
#include <optional>
#include <vector>

#include <unistd.h>

namespace devstack::cli {

namespace {

namespace fs = std::filesystem;
using project::RegisteredProject;

bool exists(const std::string& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

project::ProjectPaths development_paths(const std::string& directory) {
    return project::make_project_paths(directory, "", core::Mode::development, false);
}

ProjectPlace make_place(const RegisteredProject& entry) {
    // In development all is below the project; what is not there runs in host mode, as root.
    ProjectPlace place{entry.name, development_paths(entry.project_dir)};
    if (place.paths.runtime_dir == entry.runtime_dir) return place;
    place.paths =
        project::make_project_paths(entry.project_dir, entry.name, core::Mode::host, true);
    place.paths.runtime_dir = entry.runtime_dir;
    return place;
}

Result<ProjectPlace> find_by_name(const std::string& name) {
    std::vector<std::string> known;
    std::vector<RegisteredProject> found;
    for (const RegisteredProject& entry : project::registered_projects()) {
        known.push_back(entry.name);
        if (entry.name == name) found.push_back(entry);
    }
    if (found.size() == 1) return make_place(found.front());
    if (found.empty()) {
        return Error{Error::Kind::not_found,
                     "no project " + name + " is running" + did_you_mean(name, known) +
                         "; running are " + join_for_people(known)};
    }
    std::vector<std::string> directories;
    directories.reserve(found.size());
    for (const RegisteredProject& entry : found)
        directories.push_back(entry.project_dir);
    return Error{Error::Kind::invalid,
                 "more than one project is called " + name +
                     "; pick one by its directory, with -C: " + join_for_people(directories)};
}

/// A project of which nothing lies beside its profile: host mode, run by root.
std::optional<ProjectPlace> find_registered(const fs::path& directory) {
    for (const RegisteredProject& entry : project::registered_projects()) {
        if (entry.project_dir == directory) return make_place(entry);
    }
    return std::nullopt;
}

/// Where the profile says that its things are, which is worth a whole load only when nothing
/// cheaper has told.
ProjectPlace place_by_profile(const std::string& profile, const std::string& directory) {
    project::LoadRequest request;
    request.profile_path = profile;
    request.environment = platform::environment();
    const Checked<project::LoadedPlan> loaded = project::load_plan(request);
    if (!loaded.value) return {"", development_paths(directory)};
    const core::Plan& plan = loaded.value->plan;
    return {plan.project,
            project::make_project_paths(plan.project_dir, plan.project, plan.mode, geteuid() == 0)};
}

}  // namespace

Result<ProjectPlace> find_project(const Common& common) {
    if (common.project) return find_by_name(*common.project);
    std::error_code ignored;
    const fs::path here = fs::current_path(ignored);
    for (fs::path directory = here;; directory = directory.parent_path()) {
        const project::ProjectPaths paths = development_paths(directory.string());
        if (exists(paths.control_socket())) return ProjectPlace{"", paths};
        const std::string profile = (directory / "devstack.toml").string();
        const bool has_profile = exists(profile);
        if (has_profile || exists(paths.state_dir)) {
            if (auto registered = find_registered(directory)) return std::move(*registered);
            if (has_profile) return place_by_profile(profile, directory.string());
            return ProjectPlace{"", paths};
        }
        if (!directory.has_relative_path()) break;
    }
    if (auto registered = find_registered(here)) return std::move(*registered);
    return Error{Error::Kind::not_found,
                 "there is no project in " + here.string() +
                     " or above (neither devstack.toml nor .devstack); go to one, or name a "
                     "running one with --project (devstack ls shows them)"};
}

Result<RunningProject> reach_project(const Common& common) {
    Result<ProjectPlace> place = find_project(common);
    if (!place) return std::move(place).error();
    Result<client::Connection> connection = reach_daemon(place->paths);
    if (connection) return RunningProject{std::move(*place), std::move(*connection)};
    if (!means_not_running(connection.error())) return std::move(connection).error();
    return not_running(place->shown_name(), place->paths);
}

Result<core::api::StateMessage> fetch_state(RunningProject& project,
                                            const core::api::StateRequest& request) {
    return ask_daemon(project.connection, project.place.paths, [&](client::Connection& it) {
        return client::fetch_state(it, request);
    });
}

bool means_not_running(const Error& error) {
    // A socket that nobody serves is what a daemon leaves that was killed with its keeper.
    return error.kind == Error::Kind::not_found || error.kind == Error::Kind::busy;
}

int fail(const Error& error) {
    complain(error.message);
    if (error.kind == Error::Kind::not_found) return exit_not_running;
    return error.kind == Error::Kind::invalid ? exit_usage : exit_failed;
}

}  // namespace devstack::cli
