#include "devstack/base/shown_path.hpp"
#include "devstack/core/plan/compare_plans.hpp"
#include "devstack/core/plan/replace_plan.hpp"
#include "devstack/project/descriptors.hpp"
#include "devstack/project/project_paths.hpp"
#include "devstack/project/saved_inputs.hpp"
#include "devstack/project/saved_secrets.hpp"

#include "daemon/daemon_process.hpp"

#include <set>
#include <utility>

#include <spdlog/spdlog.h>

// Another plan in the place of the one that runs, whole or not at all. What it is made from is
// saved under a number of its own; the ledger's next line names that number, and with this line the
// new plan is in force. A daemon that dies before it comes up with the plan before, one that dies
// after it with this one.

namespace devstack::daemon {

namespace api = core::api;

namespace {

Error refuse(const std::string& why) {
    return {Error::Kind::invalid, "nothing was changed: " + why};
}

std::string join_refusals(const std::vector<std::string>& refused) {
    std::string text;
    for (const std::string& it : refused)
        text += it + "; ";
    return text + "run devstack down, then devstack up";
}

}  // namespace

Result<api::CommandReply> DaemonProcess::reload(const api::CommandRequest& request) {
    if (supervisor_.is_shutting_down()) {
        return Error{Error::Kind::busy, "nothing was changed: everything is being stopped"};
    }
    project::LoadRequest load = load_;
    load.shown_relative_to = supervisor_.plan().project_dir;
    if (!request.profile.empty()) {
        load.profile_path = request.profile;
        load.builtin_text.clear();
        load.project_dir.clear();
    }
    Checked<project::LoadedPlan> loaded = project::load_plan(load);
    if (!loaded.value) {
        std::string mistakes = render_diagnostics(loaded.diagnostics);
        while (mistakes.ends_with('\n'))
            mistakes.pop_back();
        return refuse("the profile has mistakes\n" + mistakes);
    }
    const Status enough = project::check_descriptors(loaded.value->plan.services.size(),
                                                     project::allowed_descriptors());
    if (!enough) return refuse(enough.error().message);
    api::CommandReply reply{journal_.last_sequence(), {}};
    reply.reload = core::compare_plans(supervisor_.plan(), loaded.value->plan);
    add_outdated(*reply.reload);
    if (!reply.reload->refused.empty()) return refuse(join_refusals(reply.reload->refused));
    if (request.is_dry_run) return reply;
    load.project_dir = loaded.value->plan.project_dir;
    const Status begun = put_in_force(std::move(load), std::move(*loaded.value), *reply.reload);
    if (!begun) return begun.error();
    return reply;
}

/// What was prepared before its inputs changed, and stays as it is otherwise.
void DaemonProcess::add_outdated(core::PlanComparison& comparison) {
    for (const core::ServiceId id : supervisor_.services()) {
        const std::string& name = spec(id).name;
        const core::ServiceChange* const change = comparison.find(name);
        if (change != nullptr && change->kind != core::ServiceChange::Kind::adjusted) continue;
        std::string reason = staleness_.look_at_inputs(supervisor_, id, stamps_);
        if (!reason.empty()) comparison.add_reason(name, std::move(reason));
    }
}

Status DaemonProcess::put_in_force(project::LoadRequest load,
                                   project::LoadedPlan next,
                                   core::PlanComparison comparison) {
    next.plan.number = ++last_inputs_;
    const Status saved = project::save_inputs(paths_.state_dir, next.plan.number, next.inputs);
    if (!saved) return with_context("nothing was changed", saved.error());
    core::Plan plan = core::replace_plan(supervisor_.plan(), std::move(next.plan));
    // Before anything is started that may show them.
    const Status hidden = project::save_secrets(paths_.state_dir, plan.secrets);
    if (!hidden) return with_context("nothing was changed", hidden.error());
    load_ = std::move(load);
    feed(core::PlanReplaced{std::move(plan), std::move(comparison)});
    port_sockets_.keep_only(labels_in_use());
    forget_old_inputs();
    const core::Plan& now = supervisor_.plan();
    const Status known = project::register_project(
        {now.project, now.project_dir, load_.profile_path, paths_.runtime_dir});
    if (!known) spdlog::warn("{}", known.error().message);
    // Who waits for something of all services asks again, and means the new ones too.
    api_.release_all();
    return ok();
}

/// What nobody would go on with, whenever we die.
void DaemonProcess::forget_old_inputs() {
    if (has_ledger_failed_ || is_finished_) return;
    std::set<std::uint32_t> kept{supervisor_.plan().number};
    for (const core::ServiceId id : supervisor_.services())
        kept.insert(supervisor_.record(id).old_settings);
    project::remove_saved_inputs(paths_.state_dir, kept);
}

void DaemonProcess::reload_on_signal() {
    api::CommandRequest request;
    request.command = "reload";
    const auto reply = reload(request);
    if (!reply) notice("", "SIGHUP: " + reply.error().message);
}

/// Files are watched of what is wanted. Nearly always nothing has changed about that.
void DaemonProcess::update_watches() {
    std::vector<FileWatcher::Wish> wishes;
    for (const core::ServiceId id : supervisor_.services()) {
        const core::ServicePlan& plan = supervisor_.plan().services[id.index];
        if (plan.watch.empty() || !supervisor_.minds_files(id)) continue;
        wishes.push_back({id, plan.name, plan.watch});
    }
    if (wishes == watched_) return;
    watched_ = wishes;
    if (!watcher_) {
        watcher_ = std::make_unique<FileWatcher>(
            loop_,
            std::vector{paths_.state_dir, paths_.log_dir, paths_.runtime_dir},
            FileWatcher::Sink{[this](core::ServiceId service, const std::string& path) {
                                  feed(core::FilesChanged{
                                      service, shown_path(path, supervisor_.plan().project_dir)});
                              },
                              [this](const std::string& service, const std::string& what) {
                                  notice(service, what);
                              }});
    }
    watcher_->watch(std::move(wishes));
}

}  // namespace devstack::daemon
