#include "devstack/core/plan/compare_plans.hpp"

#include "cli/change_wait.hpp"
#include "cli/commands.hpp"
#include "cli/find_project.hpp"
#include "cli/service_names.hpp"

#include <filesystem>
#include <utility>

#include <unistd.h>

namespace devstack::cli {

namespace {

namespace api = core::api;
using core::ServiceChange;

/// Whoever is replaced or new, and wanted, is up; whoever was removed has gone.
Verdict judge_reload(const core::PlanComparison& comparison,
                     const RunNumbers& before,
                     const api::StateMessage& state) {
    Verdict verdict;
    const auto add = [&](const std::string& command, const std::string& service) {
        const Verdict one = judge_change(command, {service}, before, state);
        for (const auto member :
             {&Verdict::done, &Verdict::pending, &Verdict::failed, &Verdict::culprits}) {
            auto& all = verdict.*member;
            all.insert(all.end(), (one.*member).begin(), (one.*member).end());
        }
    };
    for (const ServiceChange& change : comparison.changes) {
        const api::ServiceState* const service = find_service(state, change.service);
        if (change.kind == ServiceChange::Kind::removed) {
            if (service == nullptr) {
                verdict.done.push_back(change.service + " has gone");
            } else {
                verdict.pending.push_back(sentence_of(*service));
            }
            continue;
        }
        if (change.kind == ServiceChange::Kind::adjusted) continue;
        if (service != nullptr && !service->is_wanted) continue;
        const bool is_new = change.kind == ServiceChange::Kind::added;
        add(is_new ? "start" : "restart", change.service);
    }
    return verdict;
}

/// As the daemon finds it, wherever that stands.
Result<std::string> find_other_profile(const std::optional<std::string>& wish) {
    if (!wish) return std::string{};
    std::error_code ignored;
    return project::find_profile(std::filesystem::current_path(ignored).string(), wish);
}

}  // namespace

int run_reload(const Common& common, const ReloadOptions& options) {
    const Result<std::string> profile = find_other_profile(options.profile);
    if (!profile) {
        complain(profile.error().message);
        return exit_usage;
    }
    Result<RunningProject> project = reach_project(common);
    if (!project) return fail(project.error());
    const Result<api::StateMessage> before = fetch_state(*project);
    if (!before) return fail(before.error());
    api::CommandRequest request;
    request.command = "reload";
    request.profile = *profile;
    request.is_dry_run = options.dry_run;
    const Result<api::CommandReply> reply = client::send_command(project->connection, request);
    if (!reply) return fail(reply.error());
    const core::PlanComparison comparison = reply->reload.value_or(core::PlanComparison{});
    const std::string verb = options.dry_run ? "would reload" : "reloaded";
    const bool is_shown =
        print((options.json ? api::to_text(*reply) : describe(comparison, verb)) + "\n");
    if (!is_shown) return exit_failed;
    if (options.dry_run || options.no_wait) return exit_done;
    const auto judge = [&comparison, runs = run_numbers(*before)](const api::StateMessage& state) {
        return judge_reload(comparison, runs, state);
    };
    return wait_for_change(
        *project,
        {judge, options.timeout, examine_terminal(STDOUT_FILENO, common.colour), options.json},
        reply->cursor);
}

}  // namespace devstack::cli
