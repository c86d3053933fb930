#pragma once

#include "devstack/core/api/metrics.hpp"
#include "devstack/core/probes/probe.hpp"
#include "devstack/platform/procfs.hpp"

#include <map>
#include <string>

namespace devstack::daemon {

/// Counts what happens, for GET /metrics. What can be looked up is looked up when it is asked for.
class MetricsCollector {
public:
    /// `is_crash_loop`: the service waits for a restart because its restarts have come too often.
    void event_told(const core::api::EventMessage& event, bool is_crash_loop, TimePoint now);
    void probe_answered(const std::string& service, const core::ProbeOutcome& outcome);

    /// `log_dir` tells how much has been written.
    core::api::MetricsMessage collect(const core::api::StateMessage& state,
                                      const std::string& log_dir) const;

private:
    std::map<std::string, core::api::ServiceCounters> services_;
    std::map<std::string, TimePoint> started_at_;
    platform::Procfs procfs_;
};

}  // namespace devstack::daemon
