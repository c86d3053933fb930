#include "daemon/metrics_collector.hpp"

#include "devstack/platform/clock.hpp"
#include "devstack/project/log_reader.hpp"

#include <chrono>

namespace devstack::daemon {

namespace api = core::api;

namespace {

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

api::OwnUsage usage_of(const platform::Procfs& procfs, int pid) {
    api::OwnUsage usage;
    const auto process = platform::find_process(procfs, pid);
    if (!process) return usage;
    usage.cpu_seconds = seconds(process->cpu_time);
    usage.resident_bytes = process->resident_bytes;
    usage.open_descriptors = platform::count_descriptors(procfs, pid);
    if (const auto start = platform::read_start_time(procfs, pid)) {
        usage.start_time_seconds = seconds(start->time_since_epoch());
    }
    return usage;
}

}  // namespace

void MetricsCollector::event_told(const api::EventMessage& event,
                                  bool is_crash_loop,
                                  TimePoint now) {
    if (event.kind != "phase") return;
    api::ServiceCounters& service = services_[event.service];
    const bool goes_on = event.to != "stopping" && event.to != "stopped" && event.to != "failed";
    if (event.from == "backing-off" && goes_on) ++service.restarts;
    if (event.to == "backing-off" && is_crash_loop) ++service.crash_loops;
    if (event.to == "failed") ++service.failures;
    if (event.to == "blocked") ++service.port_conflicts;
    if (event.to == "starting") started_at_[event.service] = now;
    if (event.to == "ready" && event.from == "starting") {
        service.ready_seconds = seconds(now - started_at_[event.service]);
    }
}

void MetricsCollector::probe_answered(const std::string& service,
                                      const core::ProbeOutcome& outcome) {
    api::ServiceCounters& counters = services_[service];
    counters.probes.add(outcome.latency);
    if (!outcome.is_success) ++counters.probe_failures;
}

api::MetricsMessage MetricsCollector::collect(const api::StateMessage& state,
                                              const std::string& log_dir) const {
    api::MetricsMessage metrics;
    metrics.services = services_;
    project::LogQuery query;
    query.tail = 0;
    query.now = platform::wall_now();
    for (const api::ServiceState& service : state.services)
        query.services.push_back(service.name);
    if (const auto answer = project::read_logs(log_dir, query)) {
        for (const auto& [name, position] : answer->cursor.positions)
            metrics.services[name].log_bytes = position.end;
    }
    metrics.daemon = usage_of(procfs_, state.daemon_pid);
    metrics.keeper = usage_of(procfs_, state.keeper_pid);
    return metrics;
}

}  // namespace devstack::daemon
