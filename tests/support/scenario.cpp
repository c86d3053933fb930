#include "support/scenario.hpp"

#include "devstack/base/match.hpp"
#include "devstack/core/plan/compare_plans.hpp"
#include "devstack/core/plan/replace_plan.hpp"
#include "devstack/core/supervisor/recall_plan.hpp"

#include <algorithm>
#include <stdexcept>

namespace devstack::test {

using namespace devstack::core;

ServiceSpec ServiceSpec::after(std::string name, NeedCondition condition) && {
    after_names.emplace_back(std::move(name), condition);
    return std::move(*this);
}
ServiceSpec ServiceSpec::restart(RestartMode mode) && {
    plan.restart.mode = mode;
    return std::move(*this);
}
ServiceSpec ServiceSpec::restart_with(std::string name) && {
    restart_with_names.push_back(std::move(name));
    return std::move(*this);
}
ServiceSpec ServiceSpec::never_give_up() && {
    plan.restart.gives_up = false;
    return std::move(*this);
}
ServiceSpec ServiceSpec::with_health() && {
    plan.health = HealthCheck{TcpProbe{"localhost", Port{80}}};
    return std::move(*this);
}
ServiceSpec ServiceSpec::with_ready() && {
    plan.ready = ReadyCheck{TcpProbe{"localhost", Port{80}}};
    return std::move(*this);
}
ServiceSpec ServiceSpec::shows_line(std::string pattern) && {
    plan.ready_sign = LogSign{std::move(pattern), {}};
    return std::move(*this);
}
ServiceSpec ServiceSpec::notifies() && {
    plan.ready_sign = NotifySign{};
    return std::move(*this);
}
ServiceSpec ServiceSpec::with_watchdog(Duration interval) && {
    plan.watchdog = interval;
    return std::move(*this);
}
ServiceSpec ServiceSpec::with_socket(std::uint16_t port) && {
    plan.ports.push_back({"", Port{port}, "127.0.0.1"});
    return std::move(*this);
}
ServiceSpec ServiceSpec::on_demand() && {
    plan.on_demand = true;
    return std::move(*this);
}
ServiceSpec ServiceSpec::on_port(std::uint16_t port) && {
    plan.ports.push_back({"", Port{port}});
    return std::move(*this);
}
ServiceSpec ServiceSpec::with_prepare() && {
    plan.prepare = PrepareStep{CommandLine::shell("npm install"), "/p/node_modules", {}};
    return std::move(*this);
}

ServiceSpec ServiceSpec::running(std::string command) && {
    plan.command = CommandLine{{std::move(command)}};
    return std::move(*this);
}
ServiceSpec ServiceSpec::stopped_by(int signal) && {
    plan.stop_signal = signal;
    return std::move(*this);
}

ServiceSpec ServiceSpec::dumping_by(int signal) && {
    plan.dump_signal = signal;
    return std::move(*this);
}

ServiceSpec service(std::string name) {
    ServiceSpec spec;
    spec.plan.name = std::move(name);
    spec.plan.command = CommandLine{{"run"}};
    return spec;
}

ServiceSpec task(std::string name) {
    ServiceSpec spec = service(std::move(name));
    spec.plan.kind = ServiceKind::task;
    spec.plan.restart.mode = RestartMode::no;
    return spec;
}

namespace {

ServiceId find(const Plan& plan, const std::string& name) {
    const auto found = std::ranges::find(plan.services, name, &ServicePlan::name);
    if (found == plan.services.end()) throw std::logic_error("no service " + name + " so far");
    return {static_cast<std::size_t>(found - plan.services.begin())};
}

std::string word_of(AskToStop::Scope scope) {
    return scope == AskToStop::Scope::strays ? " (strays)" : "";
}

std::string word_of(RunProbe::Purpose purpose) {
    return purpose == RunProbe::Purpose::readiness ? "is it ready" : "is it healthy";
}

}  // namespace

Plan make_plan(std::initializer_list<ServiceSpec> specs) {
    Plan plan;
    for (const ServiceSpec& spec : specs) {
        ServicePlan service = spec.plan;
        for (const auto& [name, condition] : spec.after_names) {
            service.needs.push_back({find(plan, name), condition});
        }
        for (const std::string& name : spec.restart_with_names) {
            service.restart_with.push_back(find(plan, name));
        }
        plan.services.push_back(std::move(service));
    }
    return plan;
}

std::string to_line(const Plan& plan, const Action& action) {
    const auto name = [&](RunId run) {
        return plan.services[run.service.index].name + "#" + std::to_string(run.number);
    };
    return match(
        action,
        [&](const ScanPorts& it) { return "scan ports of " + name(it.run); },
        [&](const FreePorts& it) { return "free ports of " + name(it.run); },
        [&](const CheckPrepare& it) { return "check prepare of " + name(it.run); },
        [&](const SpawnPrepare& it) { return "spawn prepare of " + name(it.run); },
        [&](const RecordPrepared& it) { return "record " + name(it.run) + " as prepared"; },
        [&](const SpawnProcess& it) { return "spawn " + name(it.run); },
        [&](const AskToStop& it) {
            return "ask " + name(it.run) + " to stop" +
                   (it.signal == 15 ? "" : " by signal " + std::to_string(it.signal)) +
                   word_of(it.scope);
        },
        [&](const ForceKill& it) { return "kill " + name(it.run); },
        [&](const SendSignal& it) {
            return "signal " + std::to_string(it.signal) + " to " +
                   (it.is_for_group ? "the group of " : "") + name(it.run);
        },
        [&](const OpenSockets& it) { return "open the sockets of " + name(it.run); },
        [&](const AwaitConnection& it) {
            return "await a connection to " + plan.services[it.service.index].name;
        },
        [&](const CloseSockets& it) {
            return "close the sockets of " + plan.services[it.service.index].name;
        },
        [&](const AwaitLine& it) { return "await the line of " + name(it.run); },
        [&](const RunProbe& it) { return "ask " + name(it.run) + ": " + word_of(it.purpose); },
        [&](const CompareListening& it) { return "compare listening of " + name(it.run); },
        [&](const CollectEvidence& it) { return "collect evidence of " + name(it.run); },
        [&](const WriteCrashRecord& it) { return "crash record of " + name(it.run); });
}

std::string to_line(const Plan& plan, const Event& event) {
    return match(
        event,
        [&](const PhaseChanged& it) {
            return plan.services[it.service.index].name + ": " + it.from + " -> " + it.to + " (" +
                   it.why + ")";
        },
        [&](const Noticed& it) { return plan.services[it.service.index].name + ": " + it.what; },
        [&](const ProjectChanged& it) { return "project: " + it.to + " (" + it.why + ")"; });
}

Scenario::Scenario(std::initializer_list<ServiceSpec> specs, Mode mode)
    : supervisor_{[&] {
          Plan plan = make_plan(specs);
          plan.mode = mode;
          plan.number = 1;
          saved_.emplace(plan.number, plan);
          return plan;
      }()} {}

Trace Scenario::start(const std::string& name) {
    return send(Start{{id(name)}});
}
Trace Scenario::stop(const std::string& name) {
    return send(Stop{{id(name)}});
}
Trace Scenario::restart(const std::string& name) {
    return send(Restart{{id(name)}});
}
Trace Scenario::signal(const std::string& name, int number) {
    return send(Signal{id(name), number});
}
Trace Scenario::reload(std::initializer_list<ServiceSpec> specs) {
    Plan plan = make_plan(specs);
    plan.mode = supervisor_.plan().mode;
    plan.number = saved_.rbegin()->first + 1;
    saved_.emplace(plan.number, plan);
    PlanComparison comparison = compare_plans(supervisor_.plan(), plan);
    return send(
        PlanReplaced{replace_plan(supervisor_.plan(), std::move(plan)), std::move(comparison)});
}
Trace Scenario::file_changed(const std::string& name, const std::string& path) {
    return send(FilesChanged{id(name), path});
}
Trace Scenario::shutdown() {
    return send(Shutdown{});
}
Trace Scenario::shutdown_by_force() {
    return send(Shutdown{true});
}
Trace Scenario::ports_free(const std::string& name) {
    return send(PortsScanned{current(name), {}});
}
Trace Scenario::ports_held(const std::string& name, PortHolder holder) {
    return send(PortsScanned{current(name), {std::move(holder)}});
}
Trace Scenario::prepare_needed(const std::string& name, const std::string& why) {
    return send(PrepareChecked{current(name), true, why});
}
Trace Scenario::prepare_not_needed(const std::string& name) {
    return send(PrepareChecked{current(name), false, ""});
}
Trace Scenario::spawned(const std::string& name) {
    return send(Spawned{current(name), 100 + static_cast<int>(current(name).number)});
}
Trace Scenario::spawn_failed(const std::string& name, const std::string& message) {
    return send(SpawnFailed{current(name), message});
}
Trace Scenario::exited(const std::string& name,
                       ExitStatus status,
                       std::vector<Survivor> survivors,
                       ExitUsage usage,
                       const std::string& cause) {
    return send(Exited{current(name), status, std::move(survivors), usage, cause});
}
Trace Scenario::exited_in_run(const std::string& name, std::uint32_t run, ExitStatus status) {
    return send(Exited{{id(name), run}, status, {}});
}
Trace Scenario::survivors(const std::string& name, std::vector<Survivor> survivors) {
    return send(SurvivorsChanged{current(name), std::move(survivors)});
}
Trace Scenario::probe_passed(const std::string& name) {
    return send(ProbeAnswered{current(name), {true, "answered", {}}});
}
Trace Scenario::probe_failed(const std::string& name, const std::string& detail) {
    return send(ProbeAnswered{current(name), {false, detail, {}}});
}
Trace Scenario::sockets_opened(const std::string& name) {
    return send(SocketsOpened{current(name)});
}
Trace Scenario::connected(const std::string& name) {
    return send(ConnectionMade{id(name), "somebody has connected to port 3000"});
}
Trace Scenario::says(const std::string& name, const std::string& datagram) {
    return send(Notified{current(name), parse_notification(datagram)});
}
Trace Scenario::sign_seen(const std::string& name, const std::string& what) {
    return send(SignSeen{current(name), what});
}
Trace Scenario::evidence_collected(const std::string& name) {
    return send(EvidenceCollected{current(name)});
}
Trace Scenario::listening_compared(const std::string& name, std::vector<std::string> differences) {
    return send(ListeningCompared{current(name), std::move(differences)});
}

Trace Scenario::after(Duration passed) {
    now_ += passed;
    return send(TimePassed{});
}

Trace Scenario::late(Duration passed, Duration lost) {
    now_ += passed;
    return send(TimeLost{lost});
}

void Scenario::bring_up(const std::string& name) {
    start(name);
    spawned(name);
    after(std::chrono::seconds{1});
}

std::string Scenario::explain(const std::string& name) const {
    return supervisor_.explain(id(name));
}
std::string Scenario::phase(const std::string& name) const {
    return std::string{name_of(supervisor_.phase(id(name)))};
}

Trace Scenario::daemon_dies(const std::vector<std::string>& found) {
    Resume resume;
    resume.is_shutting_down = supervisor_.is_shutting_down();
    for (const ServiceId it : supervisor_.services())
        resume.records.push_back(supervisor_.record(it));
    for (const std::string& name : found) {
        const std::uint32_t run = std::max(current(name).number, 1U);
        resume.found.push_back({{id(name), run}, 100 + static_cast<int>(run)});
    }
    RecalledPlan recalled = recall_plan(
        saved_.at(supervisor_.plan().number), resume.records, [this](std::uint32_t number) {
            return &saved_.at(number);
        });
    supervisor_ = Supervisor{std::move(recalled.plan)};
    resume.old_settings = std::move(recalled.old_settings);
    return send(resume);
}

Trace Scenario::send(const Input& input) {
    const Step step = supervisor_.step(input, now_);
    Trace trace;
    for (const Action& action : step.actions) {
        trace.push_back(to_line(supervisor_.plan(), action));
        if (const auto* record = std::get_if<WriteCrashRecord>(&action)) last_record_ = *record;
    }
    for (const Event& event : step.events)
        trace.push_back(to_line(supervisor_.plan(), event));
    return trace;
}

ServiceId Scenario::id(const std::string& name) const {
    return find(supervisor_.plan(), name);
}

RunId Scenario::current(const std::string& name) const {
    return {id(name), supervisor_.snapshot(id(name)).run};
}

}  // namespace devstack::test
