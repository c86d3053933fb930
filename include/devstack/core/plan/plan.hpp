#pragma once

#include "devstack/base/port.hpp"
#include "devstack/base/time.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/core/plan/command_line.hpp"
#include "devstack/core/plan/process_settings.hpp"
#include "devstack/core/probes/probe.hpp"
#include "devstack/core/probes/ready_sign.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace devstack::core {

/// Index of a service in its Plan. Stays the same when another plan takes its place, see
/// replace_plan.hpp.
struct ServiceId {
    std::size_t index = 0;
    auto operator<=>(const ServiceId&) const = default;
};

/// A task runs to completion, when it is asked for or as a need. A service is meant to stay.
enum class ServiceKind { service, task };

/// What a dependent waits for (Compose: service_started, service_healthy,
/// service_completed_successfully).
enum class NeedCondition { started, ready, completed };

struct Need {
    ServiceId service;
    NeedCondition condition = NeedCondition::ready;
    bool operator==(const Need&) const = default;
};

enum class RestartMode { no, on_failure, always };

struct RestartPolicy {
    RestartMode mode = RestartMode::on_failure;
    int max = 5;  ///< Restarts within `window`; one more is a crash loop.
    Duration window = std::chrono::seconds{60};
    Duration delay = std::chrono::milliseconds{500};  ///< Doubles with each restart …
    Duration max_delay = std::chrono::seconds{30};    ///< … up to here, with ±10 % jitter.
    /// A crash loop ends in `failed`; if false the service is tried for ever at `max_delay`.
    bool gives_up = true;
    bool operator==(const RestartPolicy&) const = default;
};

struct DeclaredPort {
    std::string name;  ///< "" for the only `port`, else the key of the `ports` table.
    Port port;
    /// devstack listens there, on this address, and hands the socket to the service; empty: the
    /// service listens by itself.
    std::string socket_address = {};

    bool is_socket() const { return !socket_address.empty(); }
    bool operator==(const DeclaredPort&) const = default;
};

struct HealthCheck {
    Probe probe;
    Duration interval = std::chrono::seconds{10};
    Duration timeout = std::chrono::seconds{2};
    int retries = 3;  ///< Failures in a row until the service is unhealthy.
    bool operator==(const HealthCheck&) const = default;
};

struct ReadyCheck {
    Probe probe;
    Duration timeout = std::chrono::seconds{2};
    bool operator==(const ReadyCheck&) const = default;
};

/// A step that must have succeeded before the service is spawned.
struct PrepareStep {
    CommandLine command;
    std::string creates;              ///< Absolute path; absent means it has to run. May be empty.
    std::vector<std::string> inputs;  ///< Absolute paths or globs; a change means it has to run.
    bool operator==(const PrepareStep&) const = default;
};

/// Signals by their number, see signal(7).
using SignalNumber = int;

/// One service or task, resolved: every default filled in, every reference checked, every variable
/// replaced.
struct ServicePlan {
    std::string name;
    ServiceKind kind = ServiceKind::service;
    CommandLine command;
    std::string working_dir;  ///< Absolute.
    /// "NAME=value", sorted by name: what it has besides the plan's, or instead of it.
    std::vector<std::string> environment;
    ProcessSettings process;
    std::vector<DeclaredPort> ports;
    std::vector<Need> needs;              ///< Each comes earlier in the plan's order.
    std::vector<ServiceId> restart_with;  ///< Restarted when one of these starts anew.
    RestartPolicy restart;
    std::optional<ReadyCheck> ready;  ///< Asked until it succeeds once.
    /// It is not asked, but shows it; then there is no `ready`, and `health` only counts later.
    std::optional<ReadySign> ready_sign;
    std::optional<HealthCheck>
        health;  ///< Asked from then on; also readiness if `ready` is absent.
    /// How often it says that it is alive, at least; zero: it does not.
    Duration watchdog{};
    /// It starts when somebody connects to one of its sockets.
    bool on_demand = false;
    std::optional<PrepareStep> prepare;
    Duration start_timeout = std::chrono::seconds{60};
    Duration stop_timeout = std::chrono::seconds{10};
    SignalNumber stop_signal = 15;
    /// By which it writes down what it is doing, before it is restarted because it hangs; 0: none.
    SignalNumber dump_signal = 0;
    std::vector<int> success_exit_codes;  ///< Besides 0.
    /// Absolute globs of files whose change restarts it, see core/watch.
    std::vector<std::string> watch;
    /// What a person would open: "http://localhost:3200/"; derived from `health.url` or the port.
    std::string url;

    bool has_sockets() const;
    /// The first port that it opens by itself; null if there is none.
    const DeclaredPort* first_own_port() const;
    /// It says by sd_notify(3) how it is.
    bool notifies() const;
    bool operator==(const ServicePlan&) const = default;
};

enum class Mode { development, host };

/// What becomes of the services when the process that is their parent dies.
enum class OnKeeperDeath { stop, keep };

/// Where the API is served by TCP.
struct ApiListener {
    std::string address;  ///< Numeric.
    Port port;
    bool is_remote = false;  ///< Other names than loopback's are ours too.
    bool operator==(const ApiListener&) const = default;
};

/// What to run.
struct Plan {
    std::string project;
    std::string project_dir;  ///< Absolute.
    Mode mode = Mode::development;
    OnKeeperDeath on_keeper_death = OnKeeperDeath::stop;
    std::optional<ApiListener> api;
    std::uint64_t logs_size_max = limits::logs_size_max;  ///< Bytes, of all log files together.
    bool compresses_logs = false;                         ///< When they have been rotated, by zstd.
    bool has_cgroups = false;  ///< Every run lives in a cgroup of its own, where that can be had.
    bool frees_ports = false;  ///< Whoever holds a declared port is ended (`up --free-ports`).
    /// What every service inherits: "NAME=value", sorted by name. Kept once, not in each service.
    std::vector<std::string> environment;
    /// Where the order below does not name one, it has gone from the profile: its settings serve
    /// its end alone.
    std::vector<ServicePlan> services;
    /// Dependency order: a service comes after all that it needs. Empty: as they stand.
    std::vector<ServiceId> order;
    /// Of the saved inputs that it was made from, see project/saved_inputs.hpp; 0: of none.
    std::uint32_t number = 0;
    /// Values that must never leave the machine's own log files (of variables whose names say so),
    /// the longest first.
    std::vector<std::string> secrets;

    /// Also one that has gone from the profile.
    std::optional<ServiceId> find(const std::string& name) const;
    /// `order`, also when it is left out.
    std::vector<ServiceId> in_order() const;
    bool operator==(const Plan&) const = default;
};

/// All variables of a service of this plan, sorted by name; its own stand in for inherited ones.
std::vector<std::string> complete_environment(const Plan& plan, const ServicePlan& service);

}  // namespace devstack::core
