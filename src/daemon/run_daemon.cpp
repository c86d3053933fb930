#include "devstack/core/limits.hpp"
#include "devstack/core/plan/secrets.hpp"
#include "devstack/core/supervisor/recall_plan.hpp"
#include "devstack/daemon/daemon.hpp"
#include "devstack/platform/environment.hpp"
#include "devstack/platform/idle_memory.hpp"
#include "devstack/platform/keeper_protocol.hpp"
#include "devstack/project/ledger_file.hpp"
#include "devstack/project/saved_inputs.hpp"
#include "devstack/project/saved_secrets.hpp"

#include "daemon/cgroups.hpp"
#include "daemon/daemon_process.hpp"
#include "daemon/inheritance.hpp"
#include "daemon/leftovers.hpp"
#include "daemon/own_log.hpp"

#include <csignal>
#include <map>
#include <utility>

#include <spdlog/spdlog.h>
#include <unistd.h>

// From nothing to a serving daemon, and what it says if it cannot get there.

namespace devstack::daemon {

namespace {

constexpr std::uint32_t first_inputs = 1;
constexpr int exit_could_not_start = 70;  // EX_SOFTWARE of sysexits(3); the keeper does not retry.

/// Tells whoever started us how it went.
class Report {
public:
    explicit Report(int fd) : fd_{fd} {}
    void send(const std::string& text) {
        if (!fd_.is_open()) return;
        (void)!::write(fd_.get(), text.data(), text.size());
        fd_.reset();
    }
    int failed(const Error& error) {
        spdlog::critical("{}", error.message);
        send("error: " + error.message + "\n");
        return exit_could_not_start;
    }

private:
    platform::FileDescriptor fd_;
};

/// As the first one here: what a killed devstack has left is ended, and what the plan was made from
/// is kept for those after us. Returns what is worth an event, or nothing.
Result<std::string> begin_anew(const core::Plan& plan,
                               const project::ProjectPaths& paths,
                               const std::vector<project::InputFile>& inputs,
                               core::OnKeeperDeath promise) {
    std::string notice;
    // Whoever ends in order removes the ledger.
    const auto killed = recall_killed(paths.state_dir);
    if (killed && promise == core::OnKeeperDeath::stop) {
        ProjectMark mark{plan.project_dir, ::getppid(), ::getpid()};
        mark.cgroups = cgroups_of(plan.project_dir, killed->processes);
        notice = describe(end_leftovers(
            platform::Procfs{}, mark, core::limits::leftover_grace, marks_of(killed->processes)));
    }
    const Status saved = project::save_inputs(paths.state_dir, first_inputs, inputs);
    if (!saved) return saved.error();
    project::remove_saved_inputs(paths.state_dir, {first_inputs});
    return notice;
}

/// The plan as the daemon before us had it, in the middle of a reload too.
core::RecalledPlan recall_plan(core::Plan plan,
                               const project::LoadRequest& load,
                               const std::string& state_dir,
                               const project::RecalledLedger& recalled) {
    std::map<std::uint32_t, std::optional<core::Plan>> earlier;
    return core::recall_plan(
        std::move(plan), recalled.services, [&](std::uint32_t number) -> const core::Plan* {
            const auto [it, is_new] = earlier.emplace(number, std::nullopt);
            if (is_new) {
                project::LoadRequest request = load;
                request.saved = {};
                take_saved_inputs(request, state_dir, number);
                if (request.saved.empty()) return nullptr;
                auto loaded = project::load_plan(request);
                if (loaded.value) it->second = std::move(loaded.value->plan);
            }
            return it->second ? &*it->second : nullptr;
        });
}

}  // namespace

int run_daemon(const DaemonOptions& options) {
    namespace protocol = platform::keeper_protocol;
    platform::keep_heap_small();
    Report report{protocol::daemon_report_fd};
    platform::FileDescriptor channel{protocol::daemon_channel_fd};
    platform::FileDescriptor lifeline{protocol::daemon_lifeline_fd};
    std::signal(SIGPIPE, SIG_IGN);

    project::LoadRequest load = options.load;
    load.environment = platform::environment();
    Inheritance inheritance = find_inheritance(load, options.state_dir);
    std::optional<project::RecalledLedger>& recalled = inheritance.recalled;
    if (recalled) take_saved_inputs(load, options.state_dir, recalled->inputs);
    Checked<project::LoadedPlan> loaded = project::load_plan(load);
    if (!loaded.value) {
        return report.failed({Error::Kind::invalid, render_diagnostics(loaded.diagnostics)});
    }
    core::Plan plan = std::move(loaded.value->plan);
    plan.frees_ports = options.frees_ports;
    plan.number = recalled ? recalled->inputs : first_inputs;
    project::ProjectPaths paths =
        project::make_project_paths(plan.project_dir, plan.project, plan.mode, ::geteuid() == 0);
    if (const Status made = project::create_project_paths(paths); !made) {
        return report.failed(made.error());
    }
    open_own_log(paths.state_dir);
    std::string first_notice;
    if (!recalled) {
        Result<std::string> begun = begin_anew(
            plan, paths, loaded.value->inputs, inheritance.promise.value_or(plan.on_keeper_death));
        if (!begun) return report.failed(begun.error());
        first_notice = std::move(*begun);
    } else {
        first_notice = end_lost(plan.project_dir, inheritance);
        // Of plans before this one, too: what they were given stands in logs.
        plan.secrets =
            core::join_secrets(plan.secrets, project::load_saved_secrets(paths.state_dir));
    }
    if (const auto saved = project::save_secrets(paths.state_dir, plan.secrets); !saved) {
        return report.failed(saved.error());
    }
    load.saved = {};
    loaded.value.reset();
    core::RecalledPlan all{std::move(plan), {}};
    if (recalled) all = recall_plan(std::move(all.plan), load, paths.state_dir, *recalled);
    Result<EventJournal> journal = EventJournal::open(paths.state_dir);
    if (!journal) return report.failed(journal.error());

    const project::RegisteredProject registered{
        all.plan.project, all.plan.project_dir, load.profile_path, paths.runtime_dir};
    DaemonProcess process{{std::move(all.plan),
                           std::move(all.old_settings),
                           std::move(load),
                           std::move(paths),
                           std::move(*journal),
                           std::move(recalled),
                           std::move(inheritance.orphans),
                           inheritance.is_keeper_new,
                           std::move(first_notice),
                           std::move(channel),
                           std::move(lifeline)}};
    if (const Status begun = process.begin(); !begun) return report.failed(begun.error());
    const Status known = project::register_project(registered);
    if (!known) spdlog::warn("{}", known.error().message);
    spdlog::default_logger_raw()->flush();
    report.send("ready\n");
    const int exit_code = process.run();
    if (exit_code == 0) project::unregister_project(registered);
    return exit_code;
}

}  // namespace devstack::daemon
