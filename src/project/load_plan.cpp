#include "devstack/project/load_plan.hpp"

#include "devstack/core/limits.hpp"
#include "devstack/core/plan/make_plan.hpp"

#include "account_lookup.hpp"
#include "text_file.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace devstack::project {

namespace {

std::string parent_of(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos || slash == 0) return "/";
    return path.substr(0, slash);
}

std::string find_project_dir(const LoadRequest& request) {
    if (!request.project_dir.empty()) return request.project_dir;
    const std::string directory = parent_of(request.profile_path);
    return directory.ends_with("/profiles") ? parent_of(directory) : directory;
}

std::string shown_name(const std::string& path, const LoadRequest& request) {
    std::string base = request.shown_relative_to;
    if (base.empty()) return path;
    if (!base.ends_with('/')) base += '/';
    return path.starts_with(base) ? path.substr(base.size()) : path;
}

/// Services may share an env file, and what is wrong with it is then found more than once.
std::vector<Diagnostic> without_doubles(std::vector<Diagnostic> diagnostics) {
    std::set<std::string> seen;
    std::vector<Diagnostic> result;
    for (Diagnostic& diagnostic : diagnostics) {
        if (!seen.insert(render_diagnostics({diagnostic})).second) continue;
        result.push_back(std::move(diagnostic));
    }
    return result;
}

void load_env_files(const std::vector<std::string>& paths,
                    const LoadRequest& request,
                    core::Surroundings& surroundings,
                    std::vector<std::string>& inputs) {
    for (const std::string& path : paths) {
        core::EnvFile file;
        file.shown_name = shown_name(path, request);
        Result<std::string> text = load_text_file(path, core::limits::env_file_size_max);
        if (text) {
            file.text = std::move(*text);
        } else {
            file.problem = text.error().message;
        }
        surroundings.env_files.emplace(path, std::move(file));
        inputs.push_back(path);
    }
}

/// An env file can decide which user is meant, and the user's home where an env file is.
void load_surroundings(const core::Profile& profile,
                       const LoadRequest& request,
                       core::Surroundings& surroundings,
                       std::vector<std::string>& inputs) {
    while (true) {
        const auto accounts = core::find_missing_accounts(profile, surroundings);
        look_up(accounts, surroundings.accounts);
        const auto files = core::find_missing_env_files(profile, surroundings);
        load_env_files(files, request, surroundings, inputs);
        if (accounts.is_empty() && files.empty()) return;
    }
}

Diagnostic unreadable_profile(const std::string& name, const std::string& reason) {
    return {"missing-profile",
            Diagnostic::Severity::error,
            "cannot read the profile: " + reason,
            {name, 0, 0},
            "",
            ""};
}

}  // namespace

Checked<LoadedPlan> load_plan(const LoadRequest& request) {
    Checked<LoadedPlan> result;
    LoadedPlan loaded;
    std::string name = "built-in profile";
    std::string text = request.builtin_text;
    if (!request.profile_path.empty()) {
        name = shown_name(request.profile_path, request);
        Result<std::string> read =
            load_text_file(request.profile_path, core::limits::profile_size_max);
        if (!read) {
            result.diagnostics.push_back(unreadable_profile(name, read.error().message));
            return result;
        }
        text = std::move(*read);
        loaded.inputs.push_back(request.profile_path);
    }

    core::ReadProfile read = core::read_profile(std::move(name), std::move(text));
    core::Surroundings surroundings{find_project_dir(request), request.environment, {}, {}};
    surroundings.accounts = load_accounts();
    load_surroundings(read.profile, request, surroundings, loaded.inputs);
    Checked<core::Plan> plan = core::make_plan(read.profile, surroundings);

    result.diagnostics = std::move(read.diagnostics);
    result.diagnostics.insert(
        result.diagnostics.end(), plan.diagnostics.begin(), plan.diagnostics.end());
    result.diagnostics = without_doubles(std::move(result.diagnostics));
    if (!plan.value || has_errors(result.diagnostics)) return result;
    loaded.plan = std::move(*plan.value);
    result.value = std::move(loaded);
    return result;
}

}  // namespace devstack::project
