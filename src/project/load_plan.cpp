#include "devstack/project/load_plan.hpp"

#include "devstack/base/shown_path.hpp"
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

/// From what was saved, if it was, or from the disk.
InputFile load_input(const LoadRequest& request, const std::string& path, std::size_t size_max) {
    const auto saved = std::ranges::find(request.saved, path, &InputFile::path);
    if (saved != request.saved.end()) return *saved;
    InputFile file{path, "", ""};
    Result<std::string> text = load_text_file(path, size_max);
    if (text) {
        file.text = std::move(*text);
    } else {
        file.problem = text.error().message;
    }
    return file;
}

InputFile load_profile(const LoadRequest& request) {
    if (!request.profile_path.empty() || !request.saved.empty()) {
        return load_input(request, request.profile_path, core::limits::profile_size_max);
    }
    return {"", request.builtin_text, ""};
}

void load_env_files(const std::vector<std::string>& paths,
                    const LoadRequest& request,
                    core::Surroundings& surroundings,
                    std::vector<InputFile>& inputs) {
    for (const std::string& path : paths) {
        InputFile input = load_input(request, path, core::limits::env_file_size_max);
        core::EnvFile file{
            shown_path(path, request.shown_relative_to), std::nullopt, input.problem};
        if (input.problem.empty()) file.text = input.text;
        surroundings.env_files.emplace(path, std::move(file));
        inputs.push_back(std::move(input));
    }
}

/// An env file can decide which user is meant, and the user's home where an env file is.
void load_surroundings(const core::Profile& profile,
                       const LoadRequest& request,
                       core::Surroundings& surroundings,
                       std::vector<InputFile>& inputs) {
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
    if (!request.profile_path.empty())
        name = shown_path(request.profile_path, request.shown_relative_to);
    loaded.inputs.push_back(load_profile(request));
    const InputFile& profile = loaded.inputs.front();
    if (!profile.problem.empty()) {
        result.diagnostics.push_back(unreadable_profile(name, profile.problem));
        return result;
    }

    core::ReadProfile read = core::read_profile(std::move(name), profile.text);
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
