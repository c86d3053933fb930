#pragma once

#include "devstack/core/supervisor/supervisor.hpp"

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

namespace devstack::test {

using Trace = std::vector<std::string>;

/// A line of the plan: `service("web").after("db")`. Without more it has no probe and no port: it
/// is ready when it has been alive for a second.
struct ServiceSpec {
    core::ServicePlan plan;
    std::vector<std::pair<std::string, core::NeedCondition>> after_names;
    std::vector<std::string> restart_with_names;

    ServiceSpec after(std::string name,
                      core::NeedCondition condition = core::NeedCondition::ready) &&;
    ServiceSpec restart(core::RestartMode mode) &&;
    ServiceSpec restart_with(std::string name) &&;
    ServiceSpec never_give_up() &&;
    ServiceSpec with_health() &&;  ///< Every 10 s, three failures.
    ServiceSpec with_ready() &&;
    ServiceSpec shows_line(std::string pattern) &&;  ///< And is ready then.
    ServiceSpec notifies() &&;                       ///< And is ready when it says so.
    ServiceSpec with_watchdog(Duration interval) &&;
    ServiceSpec with_socket(std::uint16_t port) &&;
    ServiceSpec on_demand() &&;
    ServiceSpec on_port(std::uint16_t port) &&;
    ServiceSpec with_prepare() &&;
    ServiceSpec running(std::string command) &&;  ///< Instead of "run".
    ServiceSpec stopped_by(int signal) &&;
    ServiceSpec dumping_by(int signal) &&;
};

ServiceSpec service(std::string name);
ServiceSpec task(std::string name);

/// Drives a Supervisor by name and by hand, with time that moves only when told to.
///
/// Every verb returns what the supervisor answered, one line per action and per event, so that a
/// test reads as a dialogue and a failure shows the whole answer.
class Scenario {
public:
    explicit Scenario(std::initializer_list<ServiceSpec> specs,
                      core::Mode mode = core::Mode::development);

    Trace start(const std::string& name);
    Trace stop(const std::string& name);
    Trace restart(const std::string& name);
    Trace signal(const std::string& name, int number);
    /// Another profile, made into a plan of the same project.
    Trace reload(std::initializer_list<ServiceSpec> specs);
    Trace file_changed(const std::string& name, const std::string& path);
    Trace shutdown();
    Trace shutdown_by_force();

    Trace ports_free(const std::string& name);
    Trace ports_held(const std::string& name, core::PortHolder holder);
    Trace prepare_needed(const std::string& name, const std::string& why);
    Trace prepare_not_needed(const std::string& name);
    Trace spawned(const std::string& name);
    Trace spawn_failed(const std::string& name, const std::string& message);
    Trace exited(const std::string& name,
                 core::ExitStatus status,
                 std::vector<core::Survivor> survivors = {},
                 core::ExitUsage usage = {},
                 const std::string& cause = "");
    Trace exited_in_run(const std::string& name, std::uint32_t run, core::ExitStatus status);
    Trace survivors(const std::string& name, std::vector<core::Survivor> survivors);
    Trace probe_passed(const std::string& name);
    Trace probe_failed(const std::string& name, const std::string& detail);
    Trace sockets_opened(const std::string& name);
    Trace connected(const std::string& name);
    /// What the service says, in the words of sd_notify(3).
    Trace says(const std::string& name, const std::string& datagram);
    Trace sign_seen(const std::string& name, const std::string& what);
    Trace evidence_collected(const std::string& name);
    Trace listening_compared(const std::string& name, std::vector<std::string> differences);

    /// Another supervisor goes on with the records of this one; `found` are the services of which a
    /// process lives.
    Trace daemon_dies(const std::vector<std::string>& found);
    Trace after(Duration passed);  ///< Moves the clock, then reports that time has passed.
    /// Start, spawn and one second of life: for tests that begin with a running service.
    /// The same after the last deadline has been missed by `lost`.
    Trace late(Duration passed, Duration lost);
    void bring_up(const std::string& name);

    std::string explain(const std::string& name) const;
    std::string phase(const std::string& name) const;
    const core::Supervisor& supervisor() const { return supervisor_; }
    /// The crash record that was asked for last.
    const core::WriteCrashRecord& last_record() const { return last_record_; }

private:
    Trace send(const core::Input& input);
    core::ServiceId id(const std::string& name) const;
    core::RunId current(const std::string& name) const;

    std::map<std::uint32_t, core::Plan> saved_;  ///< What was ever in force, by number.
    core::Supervisor supervisor_;
    TimePoint now_{};
    core::WriteCrashRecord last_record_;
};

core::Plan make_plan(std::initializer_list<ServiceSpec> specs);
std::string to_line(const core::Plan& plan, const core::Action& action);
std::string to_line(const core::Plan& plan, const core::Event& event);

}  // namespace devstack::test
