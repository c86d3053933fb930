#include "daemon/inheritance.hpp"

#include "devstack/core/limits.hpp"
#include "devstack/project/saved_inputs.hpp"

#include "daemon/cgroups.hpp"
#include "daemon/leftovers.hpp"

#include <utility>

#include <unistd.h>

namespace devstack::daemon {

namespace {

/// What the daemon before us under this keeper has left. We are its child, like that one.
std::optional<project::RecalledLedger> recall_from(const std::string& state_dir) {
    if (project::find_living_keeper(state_dir) != ::getppid()) return std::nullopt;
    return project::recall_ledger(state_dir);
}

/// What was to become of the services when devstack is killed, by the profile that they run with;
/// empty when that can not be read any more.
std::optional<core::OnKeeperDeath> find_promise(project::LoadRequest load,
                                                const std::string& state_dir,
                                                std::uint32_t inputs) {
    take_saved_inputs(load, state_dir, inputs);
    if (load.saved.empty()) return std::nullopt;
    const Checked<project::LoadedPlan> loaded = project::load_plan(load);
    return loaded.value ? std::optional{loaded.value->plan.on_keeper_death} : std::nullopt;
}

}  // namespace

void take_saved_inputs(project::LoadRequest& load,
                       const std::string& state_dir,
                       std::uint32_t number) {
    auto saved = project::load_saved_inputs(state_dir, number);
    if (!saved || saved->empty()) return;
    // A reload may have put another profile in the place of the one that we are started with.
    load.profile_path = saved->front().path;
    load.saved = std::move(*saved);
}

std::optional<project::RecalledLedger> recall_killed(const std::string& state_dir) {
    auto ledger = project::recall_ledger(state_dir);
    const bool is_old = ledger && !project::is_of_this_boot(ledger->header);
    if (!ledger || is_old || project::find_living_keeper(state_dir)) return std::nullopt;
    return ledger;
}

Inheritance find_inheritance(const project::LoadRequest& load, const std::string& state_dir) {
    Inheritance found;
    found.recalled = recall_from(state_dir);
    if (found.recalled) return found;
    found.recalled = recall_killed(state_dir);
    if (!found.recalled) return found;
    found.promise = find_promise(load, state_dir, found.recalled->inputs);
    found.is_keeper_new = found.promise == core::OnKeeperDeath::keep;
    if (found.is_keeper_new) {
        found.orphans = find_orphans(platform::Procfs{}, load.project_dir, *found.recalled);
    } else {
        found.recalled.reset();
    }
    return found;
}

std::string end_lost(const std::string& project_dir, const Inheritance& inheritance) {
    if (!inheritance.is_keeper_new) return "";
    std::vector<RunMark> kept;
    for (const Orphan& it : inheritance.orphans) {
        kept.push_back(
            {{{}, it.identity.run}, it.identity.service, it.identity.pid, it.identity.start_ticks});
    }
    for (const core::ServiceRecord& record : inheritance.recalled->services) {
        const auto* stopping = std::get_if<core::Stopping>(&record.phase);
        if (stopping == nullptr || !stopping->status) continue;
        kept.push_back({stopping->run, record.service, 0, 0});  // By its cookie alone.
    }
    ProjectMark mark{project_dir, ::getppid(), ::getpid()};
    mark.cgroups = cgroups_of(project_dir, inheritance.recalled->processes);
    return describe(
        end_leftovers(platform::Procfs{}, mark, core::limits::leftover_grace, {}, kept));
}

}  // namespace devstack::daemon
