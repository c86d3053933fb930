#include "devstack/base/text.hpp"
#include "devstack/core/api/messages.hpp"
#include "devstack/platform/environment.hpp"
#include "devstack/project/load_plan.hpp"
#include "devstack/project/project_paths.hpp"

#include "cli/builtin_profiles.hpp"
#include "cli/commands.hpp"
#include "cli/find_project.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>

namespace devstack::cli {

namespace {

std::size_t count_severity(const std::vector<Diagnostic>& diagnostics,
                           Diagnostic::Severity severity) {
    return static_cast<std::size_t>(
        std::ranges::count(diagnostics, severity, &Diagnostic::severity));
}

/// "3 services and 1 task", "2 tasks", "nothing".
std::string render_contents(const core::Plan& plan) {
    const auto tasks = static_cast<std::size_t>(
        std::ranges::count(plan.services, core::ServiceKind::task, &core::ServicePlan::kind));
    const std::size_t services = plan.services.size() - tasks;
    std::vector<std::string> parts;
    if (services > 0) parts.push_back(count_of(services, "service"));
    if (tasks > 0) parts.push_back(count_of(tasks, "task"));
    return join_for_people(parts);
}

struct Chosen {
    project::LoadRequest request;
    std::string shown_name;
};

Result<Chosen> choose(const CheckOptions& options) {
    std::error_code ignored;
    const std::string directory = std::filesystem::current_path(ignored).string();
    Chosen chosen;
    chosen.request.environment = platform::environment();
    chosen.request.shown_relative_to = directory;
    const Result<std::string> path = project::find_profile(directory, options.profile);
    if (path) {
        chosen.request.profile_path = *path;
        chosen.shown_name = std::filesystem::path{*path}.lexically_proximate(directory).string();
        return chosen;
    }
    const auto builtin = options.profile ? find_builtin_profile(*options.profile) : std::nullopt;
    if (!builtin) return path.error();
    chosen.request.builtin_text = *builtin;
    chosen.request.project_dir = directory;
    chosen.shown_name = *options.profile + " (built in)";
    return chosen;
}

}  // namespace

int run_check(const CheckOptions& options) {
    const Result<Chosen> chosen = choose(options);
    if (!chosen) {
        complain(chosen.error().message);
        return exit_usage;
    }
    const Checked<project::LoadedPlan> loaded = project::load_plan(chosen->request);
    const std::size_t errors = count_severity(loaded.diagnostics, Diagnostic::Severity::error);
    const std::size_t warnings = count_severity(loaded.diagnostics, Diagnostic::Severity::warning);
    const bool is_good = loaded.value && errors == 0;
    const int code = is_good ? exit_done : exit_usage;
    if (options.json) {
        const std::string text = core::api::to_text(loaded.diagnostics) + "\n";
        return print(text) ? code : exit_failed;
    }
    const std::string diagnostics = render_diagnostics(loaded.diagnostics);
    std::fwrite(diagnostics.data(), 1, diagnostics.size(), stderr);
    std::string text = chosen->shown_name + ": ";
    if (loaded.value) text += render_contents(loaded.value->plan) + ", ";
    if (errors == 0 && warnings == 0) text += "no problems";
    if (errors > 0) text += count_of(errors, "error");
    if (warnings > 0) text += (errors > 0 ? " and " : "") + count_of(warnings, "warning");
    return print(text + "\n") ? code : exit_failed;
}

}  // namespace devstack::cli
