#pragma once

#include "devstack/base/time.hpp"
#include "devstack/core/api/messages.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

// GET /metrics: what Prometheus scrapes. Names follow its naming practices: base units, `_total`
// for what only grows.
namespace devstack::core::api {

/// Upper bounds of the buckets of probe latencies, in seconds.
inline constexpr std::array<double, 10> probe_buckets{
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5};

/// How long the probes of one service have taken.
struct LatencyHistogram {
    /// How many answers came within the bound of the same place, and not within the one before.
    std::array<std::uint64_t, probe_buckets.size()> counts{};
    std::uint64_t count = 0;  ///< All, also slower ones.
    double sum_seconds = 0;

    void add(Duration latency);
};

/// What has been counted of one service since the daemon was started.
struct ServiceCounters {
    std::uint64_t restarts = 0;
    std::uint64_t failures = 0;     ///< It was given up.
    std::uint64_t crash_loops = 0;  ///< Restarts that came too often.
    std::uint64_t port_conflicts = 0;
    std::uint64_t probe_failures = 0;
    std::uint64_t log_bytes = 0;          ///< Ever captured, also before.
    std::optional<double> ready_seconds;  ///< From the last start until it was ready.
    LatencyHistogram probes;
};

/// Of one of devstack's own processes.
struct OwnUsage {
    double cpu_seconds = 0;
    std::uint64_t resident_bytes = 0;
    std::uint64_t open_descriptors = 0;
    double start_time_seconds = 0;  ///< Since the epoch.
};

struct MetricsMessage {
    std::map<std::string, ServiceCounters> services;      ///< By name.
    std::map<std::string, std::uint64_t> stream_clients;  ///< "events", "logs".
    std::uint64_t stream_gaps = 0;
    OwnUsage daemon;
    OwnUsage keeper;
};

enum class MetricsFormat {
    prometheus,    ///< Text format 0.0.4, for who asks for nothing else.
    open_metrics,  ///< OpenMetrics 1.0.
};

/// By the request's Accept header.
MetricsFormat choose_metrics_format(const std::string& accept);
const char* content_type_of(MetricsFormat format);

/// `state` with usage.
std::string render_metrics(const StateMessage& state,
                           const MetricsMessage& metrics,
                           MetricsFormat format);

}  // namespace devstack::core::api
