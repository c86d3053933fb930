#pragma once

#include "devstack/cli/terminal.hpp"
#include "devstack/core/api/messages.hpp"

#include <optional>
#include <string>
#include <vector>

namespace devstack::cli {

/// One row a service, those with a problem in colour and, on a terminal, marked with "!"; below
/// them what they listen on other than they said, and what is stale. Ends with a newline.
std::string render_status(const core::api::StateMessage& state, const Terminal& terminal);

/// "running, 3 of 4 services ready", "1 problem".
struct StatusCount {
    std::string ready;
    std::string problems;  ///< Empty without any.
};
StatusCount count_status(const core::api::StateMessage& state);

/// What else there is to know of a service: what it listens on other than it said, what is stale.
std::vector<std::string> notes_of(const core::api::ServiceState& service);

/// Wanted, and not as it should be for longer than it takes to start.
bool is_bad(const core::api::ServiceState& service);

/// True when all of them that are wanted are ready, or completed.
bool is_all_well(const std::vector<core::api::ServiceState>& services);

/// Seconds as a person wants to know them: "3m 20s".
std::string render_seconds(double seconds);

/// "0.3%", "12%".
std::string render_percent(double percent);

/// "3101", "3101, debug 9229"; empty without ports.
std::string render_ports(const core::api::ServiceState& service);

/// "stale: command changed; devstack reload applies it"; empty when it is up to date.
std::string render_stale(const core::api::ServiceState& service);

/// What the doctor has found: "probably: …"; empty: it is well, or that is not known.
std::string render_cause(const core::api::FindingMessage& finding);

/// "healthy", "unhealthy (3 failures)"; empty without a probe.
std::string render_health(const core::api::HealthState& health);
Style style_of_health(const core::api::HealthState& health);

}  // namespace devstack::cli
