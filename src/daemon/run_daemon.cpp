#include "devstack/core/limits.hpp"
#include "devstack/core/plan/secrets.hpp"
#include "devstack/core/supervisor/recall_plan.hpp"
#include "devstack/daemon/daemon.hpp"
#include "devstack/platform/environment.hpp"
#include "devstack/platform/keeper_protocol.hpp"
#include "devstack/platform/startup_memory.hpp"
#include "devstack/project/ledger_file.hpp"
#include "devstack/project/saved_inputs.hpp"
#include "devstack/project/saved_secrets.hpp"

#include "daemon/daemon_process.hpp"
#include "daemon/leftovers.hpp"

#include <csignal>
#include <map>
#include <utility>

#include <spdlog/sinks/rotating_file_sink.h>
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

void open_own_log(const std::string& state_dir) {
    constexpr std::size_t size_max = 1024 * 1024;
    try {  // spdlog reports by exception.
        auto sink = std::make_shared<spdlog::sinks::rotating_file_sink_st>(
            state_dir + "/daemon.log", size_max, 2);
        auto logger = std::make_shared<spdlog::logger>("devstack", std::move(sink));
        logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
        logger->flush_on(spdlog::level::warn);  // The rest at the end of each turn.
        spdlog::set_default_logger(std::move(logger));
    } catch (const std::exception& error) {
        spdlog::error("no log of our own: {}", error.what());
    }
}

/// What the daemon before us under this keeper has left. We are its child, like that one.
std::optional<project::RecalledLedger> recall_from(const std::string& state_dir) {
    if (project::find_living_keeper(state_dir) != ::getppid()) return std::nullopt;
    return project::recall_ledger(state_dir);
}

/// What devstack was doing here when it was killed as a whole, keeper and all; empty when it was
/// not, and after a reboot, which has ended everything.
std::optional<project::RecalledLedger> recall_killed(const std::string& state_dir) {
    auto ledger = project::recall_ledger(state_dir);
    const bool is_old = ledger && !project::is_of_this_boot(ledger->header);
    if (!ledger || is_old || project::find_living_keeper(state_dir)) return std::nullopt;
    return ledger;
}

/// The profile and the env files that were in force, as they were then. Without them what is on
/// disk now has to do.
void take_saved_inputs(project::LoadRequest& load,
                       const std::string& state_dir,
                       std::uint32_t number) {
    auto saved = project::load_saved_inputs(state_dir, number);
    if (!saved || saved->empty()) return;
    // A reload may have put another profile in the place of the one that we are started with.
    load.profile_path = saved->front().path;
    load.saved = std::move(*saved);
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

std::vector<RunMark> marks_of(const std::vector<core::api::LedgerProcess>& processes) {
    std::vector<RunMark> marks;
    for (const core::api::LedgerProcess& it : processes)
        marks.push_back({{{}, it.run}, it.service, it.pid, it.start_ticks});
    return marks;
}

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
        const ProjectMark mark{plan.project_dir, ::getppid(), ::getpid()};
        notice = describe(end_leftovers(
            platform::Procfs{}, mark, core::limits::leftover_grace, marks_of(killed->processes)));
    }
    const Status saved = project::save_inputs(paths.state_dir, first_inputs, inputs);
    if (!saved) return saved.error();
    project::remove_saved_inputs(paths.state_dir, {first_inputs});
    return notice;
}

/// What was left behind by runs that are not taken over: the ends of those are news, what they have
/// left is in the way of the next ones.
std::string end_lost(const std::string& project_dir,
                     const project::RecalledLedger& recalled,
                     const std::vector<Orphan>& orphans) {
    std::vector<RunMark> kept;
    for (const Orphan& it : orphans) {
        kept.push_back(
            {{{}, it.identity.run}, it.identity.service, it.identity.pid, it.identity.start_ticks});
    }
    for (const core::ServiceRecord& record : recalled.services) {
        const auto* stopping = std::get_if<core::Stopping>(&record.phase);
        if (stopping == nullptr || !stopping->status) continue;
        kept.push_back({stopping->run, record.service, 0, 0});  // By its cookie alone.
    }
    const ProjectMark mark{project_dir, ::getppid(), ::getpid()};
    return describe(
        end_leftovers(platform::Procfs{}, mark, core::limits::leftover_grace, {}, kept));
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
    std::optional<project::RecalledLedger> recalled = recall_from(options.state_dir);
    std::vector<Orphan> orphans;
    std::optional<core::OnKeeperDeath> promise;
    const bool is_keeper_new = !recalled.has_value();
    if (!recalled) {
        recalled = recall_killed(options.state_dir);
        if (recalled) promise = find_promise(load, options.state_dir, recalled->inputs);
        if (promise != core::OnKeeperDeath::keep) recalled.reset();
        if (recalled) orphans = find_orphans(platform::Procfs{}, load.project_dir, *recalled);
    }
    if (recalled) take_saved_inputs(load, options.state_dir, recalled->inputs);
    Checked<project::LoadedPlan> loaded = project::load_plan(load);
    const std::string mistakes = render_diagnostics(loaded.diagnostics);
    if (!loaded.value) return report.failed({Error::Kind::invalid, mistakes});
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
        Result<std::string> begun =
            begin_anew(plan, paths, loaded.value->inputs, promise.value_or(plan.on_keeper_death));
        if (!begun) return report.failed(begun.error());
        first_notice = std::move(*begun);
    } else {
        if (is_keeper_new) first_notice = end_lost(plan.project_dir, *recalled, orphans);
        // Of plans before this one, too: what they were given stands in logs.
        plan.secrets =
            core::join_secrets(plan.secrets, project::load_saved_secrets(paths.state_dir));
    }
    if (const auto saved = project::save_secrets(paths.state_dir, plan.secrets); !saved) {
        return report.failed(saved.error());
    }
    load.saved = {};
    loaded.value.reset();
    std::vector<core::ServicePlan> old_settings;
    if (recalled) {
        auto all = recall_plan(std::move(plan), load, paths.state_dir, *recalled);
        plan = std::move(all.plan);
        old_settings = std::move(all.old_settings);
    }
    Result<EventJournal> journal = EventJournal::open(paths.state_dir);
    if (!journal) return report.failed(journal.error());

    const project::RegisteredProject registered{
        plan.project, plan.project_dir, load.profile_path, paths.runtime_dir};
    DaemonProcess process{{std::move(plan),
                           std::move(old_settings),
                           std::move(load),
                           std::move(paths),
                           std::move(*journal),
                           std::move(recalled),
                           std::move(orphans),
                           is_keeper_new,
                           std::move(first_notice),
                           std::move(channel),
                           std::move(lifeline)}};
    if (const Status begun = process.begin(); !begun) return report.failed(begun.error());
    if (const Status known = project::register_project(registered); !known) {
        spdlog::warn("{}", known.error().message);
    }
    spdlog::default_logger_raw()->flush();
    report.send("ready\n");
    const int exit_code = process.run();
    if (exit_code == 0) project::unregister_project(registered);
    return exit_code;
}

}  // namespace devstack::daemon
