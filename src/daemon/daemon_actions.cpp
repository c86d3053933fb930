#include "devstack/base/match.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/platform/clock.hpp"

#include "daemon/daemon_process.hpp"
#include "daemon/spawn_settings.hpp"

#include <algorithm>
#include <csignal>
#include <memory>
#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

// Each action of the core, carried out. No `if` here is about what a service should do.

namespace devstack::daemon {

using core::RunId;
namespace limits = core::limits;

// ---- Ports -------------------------------------------------------------------------------------

void DaemonProcess::perform(const core::ScanPorts& action) {
    ports_to_scan_.push_back(action.run);
}

void DaemonProcess::perform(const core::CompareListening& action) {
    listening_to_compare_.push_back(action.run);
}

/// One reading of the kernel's tables answers all that has been asked in this turn.
void DaemonProcess::answer_batches() {
    if (!ports_to_scan_.empty()) {
        std::vector<PortQuestion> questions;
        for (const RunId run : std::exchange(ports_to_scan_, {})) {
            PortQuestion question{run, {}};
            for (const auto& it : spec(run.service).ports)
                question.ports.push_back(it.port);
            questions.push_back(std::move(question));
        }
        for (core::PortsScanned& fact : collect_port_holders(
                 platform::Procfs{}, children_.project(), children_.living(), questions)) {
            inputs_.push_back(std::move(fact));
        }
    }
    if (listening_to_compare_.empty()) return;
    std::vector<ListeningQuestion> questions;
    for (const RunId run : std::exchange(listening_to_compare_, {})) {
        const core::ServicePlan& plan = spec(run.service);
        const core::Phase& phase = supervisor_.phase(run.service);
        ListeningQuestion question{
            {run, plan.name, core::pid_of(phase)}, {}, std::holds_alternative<core::Ready>(phase)};
        for (const auto& it : plan.ports)
            question.declared.push_back(it.port);
        questions.push_back(std::move(question));
    }
    for (core::ListeningCompared& fact :
         compare_listening(platform::Procfs{}, children_.project(), questions)) {
        inputs_.push_back(std::move(fact));
    }
}

void DaemonProcess::perform(const core::FreePorts& action) {
    const core::Phase& phase = supervisor_.phase(action.run.service);
    const auto* blocked = std::get_if<core::Blocked>(&phase);
    const auto* stopping = std::get_if<core::Stopping>(&phase);
    if (blocked == nullptr && stopping == nullptr) return;
    const auto& holders = blocked != nullptr ? blocked->holders : stopping->holders;
    if (!freer_) {
        freer_ = std::make_unique<PortFreer>(loop_, platform::Procfs{}, children_.project());
    }
    auto pending = std::make_shared<std::size_t>(holders.size());
    for (const core::PortHolder& holder : holders) {
        freer_->free(holder, [this, pending, run = action.run](const Status& status) {
            if (!status) notice(spec(run.service).name, status.error().message);
            if (--*pending == 0) holders_freed(run);
        });
    }
}

void DaemonProcess::holders_freed(RunId run) {
    ports_to_scan_.push_back(run);
    turn();
}

// ---- Birth -------------------------------------------------------------------------------------

void DaemonProcess::perform(const core::CheckPrepare& action) {
    // Another plan may have come in the same turn: then nobody waits for this any more.
    if (!spec(action.run.service).prepare) return;
    PrepareStamps::Answer answer =
        stamps_.check(spec(action.run.service), supervisor_.plan().project_dir);
    inputs_.push_back(core::PrepareChecked{action.run, answer.is_needed, std::move(answer.why)});
}

void DaemonProcess::perform(const core::RecordPrepared& action) {
    if (!spec(action.run.service).prepare) return;
    if (const Status recorded = stamps_.record(spec(action.run.service)); !recorded) {
        spdlog::warn("{}: {}", spec(action.run.service).name, recorded.error().message);
    }
}

void DaemonProcess::perform(const core::SpawnPrepare& action) {
    const core::ServicePlan& plan = spec(action.run.service);
    children_.spawn(action.run, plan.name, make_request(action.run, plan.prepare->command));
}

void DaemonProcess::perform(const core::SpawnProcess& action) {
    const core::ServicePlan& plan = spec(action.run.service);
    platform::SpawnRequest request = make_request(action.run, plan.command);
    if (const Status added = add_sockets(action.run, request); !added) {
        inputs_.push_back(core::SpawnFailed{action.run, added.error().message, false});
        return;
    }
    children_.spawn(action.run, plan.name, std::move(request));
}

platform::SpawnRequest DaemonProcess::make_request(RunId run, const core::CommandLine& command) {
    const core::ServicePlan& plan = spec(run.service);
    platform::SpawnRequest request;
    request.argv = command.argv;
    request.environment = core::complete_environment(supervisor_.plan(), plan);
    request.working_dir = plan.working_dir;
    request.settings = make_spawn_settings(plan.process);
    const core::Plan& all = supervisor_.plan();
    const bool dies_with_keeper =
        all.mode == core::Mode::development && all.on_keeper_death == core::OnKeeperDeath::stop;
    if (dies_with_keeper) request.parent_death_signal = SIGTERM;
    request.keeps_output_open = all.on_keeper_death == core::OnKeeperDeath::keep;
    choose_cgroup(run, request);
    return request;
}

void DaemonProcess::choose_cgroup(RunId run, platform::SpawnRequest& request) {
    const core::ServicePlan& plan = spec(run.service);
    const core::CgroupLimits& limits = plan.process.cgroup;
    if (!supervisor_.plan().has_cgroups && !limits.has_any()) return;
    RunCgroup made = cgroups_.make(plan.name, limits);
    request.settings.cgroup = std::move(made.directory);
    request.settings.needs_cgroup = limits.has_any();
    for (const std::string& problem : made.problems)
        notice(plan.name, problem);
}

// ---- Death -------------------------------------------------------------------------------------

void DaemonProcess::perform(const core::AskToStop& action) {
    children_.ask_to_stop(
        action.run, action.signal, action.scope == core::AskToStop::Scope::strays);
}

void DaemonProcess::perform(const core::ForceKill& action) {
    children_.force_kill(action.run);
}

void DaemonProcess::perform(const core::SendSignal& action) {
    if (action.is_for_group) return children_.ask_to_stop(action.run, action.signal, false);
    children_.send_signal(action.run, action.signal);
}

void DaemonProcess::perform(const core::WriteCrashRecord& action) {
    crashes_.collect(
        action, make_service_state(supervisor_, action.run.service, instant(), paths_), instant());
    // Written when the turn is over: the next run does not wait for it.
    boost::asio::post(loop_, [this] { write_crash_records(); });
}

void DaemonProcess::write_crash_records(bool is_end) {
    for (const Error& problem : crashes_.write(secrets(), platform::wall_now(), is_end))
        spdlog::warn("{}", problem.message);
}

// ---- Questions ---------------------------------------------------------------------------------

namespace {

/// The plan's probe for this purpose, and how long it may take.
std::pair<core::Probe, Duration> choose_probe(const core::ServicePlan& plan,
                                              core::RunProbe::Purpose purpose) {
    if (purpose == core::RunProbe::Purpose::readiness && plan.ready) {
        return {plan.ready->probe, plan.ready->timeout};
    }
    if (plan.health) return {plan.health->probe, plan.health->timeout};
    return {core::TcpProbe{"localhost", plan.first_own_port()->port}, core::HealthCheck{}.timeout};
}

}  // namespace

void DaemonProcess::perform(const core::RunProbe& action) {
    const core::ServicePlan& plan = spec(action.run.service);
    if (!plan.ready && !plan.health && plan.ports.empty()) return;  // Not asked any more.
    const auto [probe, timeout] = choose_probe(plan, action.purpose);
    const std::uint64_t ticket =
        probes_.ask(probe,
                    {core::complete_environment(supervisor_.plan(), plan),
                     plan.working_dir,
                     make_probe_settings(plan.process)},
                    timeout,
                    [this, run = action.run](core::ProbeOutcome outcome) {
                        std::erase_if(asked_, [run](const Asked& it) { return it.run == run; });
                        crashes_.probe_answered(run, outcome, platform::wall_now());
                        metrics_.probe_answered(spec(run.service).name, outcome);
                        feed(core::ProbeAnswered{run, std::move(outcome)});
                    });
    asked_.push_back({action.run, ticket});
}

void DaemonProcess::perform(const core::AwaitLine& action) {
    const core::ServicePlan& plan = spec(action.run.service);
    const auto* starting = std::get_if<core::Starting>(&supervisor_.phase(action.run.service));
    const auto* sign = plan.ready_sign ? std::get_if<core::LogSign>(&*plan.ready_sign) : nullptr;
    if (starting == nullptr || sign == nullptr) return;
    lines_.await(action.run, plan.name, *sign, instant().wall_of(starting->since));
}

void DaemonProcess::perform(const core::CollectEvidence& action) {
    const std::string& name = spec(action.run.service).name;
    if (spec(action.run.service).dump_signal == 0) children_.ask_for_dump(action.run);
    crashes_.expect_evidence(action.run);
    doctor_.ask({"evidence", name, limits::evidence_look, limits::evidence_max},
                paths_,
                load_.environment,
                [this, run = action.run, name](Result<core::api::DiagnosisMessage> evidence) {
                    if (evidence) diagnoses_.found(name, *evidence, platform::now());
                    crashes_.add_evidence(run, std::move(evidence));
                    write_crash_records();
                    feed(core::EvidenceCollected{run});
                });
}

}  // namespace devstack::daemon
