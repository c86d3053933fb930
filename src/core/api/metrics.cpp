#include "devstack/core/api/metrics.hpp"

#include "core/api/open_metrics.hpp"

#include <chrono>
#include <functional>

namespace devstack::core::api {

namespace {

constexpr std::array<std::string_view, 11> phases{"stopped",
                                                  "waiting",
                                                  "blocked",
                                                  "preparing",
                                                  "starting",
                                                  "ready",
                                                  "unhealthy",
                                                  "stopping",
                                                  "backing-off",
                                                  "completed",
                                                  "failed"};

class MetricsWriter {
public:
    MetricsWriter(const StateMessage& state, const MetricsMessage& metrics, MetricsFormat format)
        : state_{state}, metrics_{metrics}, out_{format} {}

    std::string write() {
        write_project();
        write_phases();
        write_counters();
        write_probes();
        write_usage();
        write_streams();
        write_own();
        return out_.take();
    }

private:
    using Counter = std::uint64_t ServiceCounters::*;

    const ServiceCounters& counters_of(const ServiceState& service) const {
        static const ServiceCounters none;
        const auto found = metrics_.services.find(service.name);
        return found == metrics_.services.end() ? none : found->second;
    }

    void write_project() {
        out_.family("devstack_build", "info", "Version of devstack, and what it runs.");
        out_.sample(
            "_info",
            {{"version", state_.version}, {"project", state_.project}, {"mode", state_.mode}},
            std::uint64_t{1});
    }

    void write_phases() {
        out_.family("devstack_service_phase", "gauge", "1 for the phase that the service is in.");
        for (const ServiceState& service : state_.services) {
            for (const std::string_view phase : phases) {
                const std::uint64_t is_in = service.phase == phase ? 1 : 0;
                out_.sample("", {{"service", service.name}, {"phase", phase}}, is_in);
            }
        }
        out_.family("devstack_service_ready_seconds",
                    "gauge",
                    "How long the service took from its last start until it was ready.");
        for (const ServiceState& service : state_.services) {
            const auto& ready = counters_of(service).ready_seconds;
            if (ready) out_.sample("", {{"service", service.name}}, *ready);
        }
        out_.family("devstack_service_uptime_seconds", "gauge", "Age of the service's process.");
        for (const ServiceState& service : state_.services) {
            if (service.pid != 0) {
                out_.sample("", {{"service", service.name}}, service.uptime_seconds);
            }
        }
    }

    void write_counter(std::string_view name, std::string_view help, Counter counter) {
        out_.family(name, "counter", help);
        for (const ServiceState& service : state_.services) {
            out_.sample("_total", {{"service", service.name}}, counters_of(service).*counter);
        }
    }

    void write_counters() {
        write_counter("devstack_service_restarts",
                      "Runs that were started because the one before had ended.",
                      &ServiceCounters::restarts);
        write_counter("devstack_service_crash_loops",
                      "Restarts that came too often for their budget.",
                      &ServiceCounters::crash_loops);
        write_counter("devstack_service_failures",
                      "How often the service was given up.",
                      &ServiceCounters::failures);
        write_counter("devstack_service_port_conflicts",
                      "How often the service was blocked by somebody on its port.",
                      &ServiceCounters::port_conflicts);
        write_counter(
            "devstack_service_log_bytes", "Bytes of output captured.", &ServiceCounters::log_bytes);
        write_counter("devstack_service_probe_failures",
                      "Probes without success.",
                      &ServiceCounters::probe_failures);
    }

    void write_probes() {
        out_.family("devstack_service_probe_duration_seconds",
                    "histogram",
                    "How long the service's probes have taken.");
        for (const ServiceState& service : state_.services) {
            const LatencyHistogram& probes = counters_of(service).probes;
            if (probes.count == 0) continue;
            std::uint64_t within = 0;
            for (std::size_t i = 0; i < probe_buckets.size(); ++i) {
                within += probes.counts.at(i);
                const std::string bound = render_number(probe_buckets.at(i));
                out_.sample("_bucket", {{"service", service.name}, {"le", bound}}, within);
            }
            out_.sample("_bucket", {{"service", service.name}, {"le", "+Inf"}}, probes.count);
            out_.sample("_sum", {{"service", service.name}}, probes.sum_seconds);
            out_.sample("_count", {{"service", service.name}}, probes.count);
        }
    }

    void write_usage() {
        const auto write = [this](std::string_view name,
                                  std::string_view help,
                                  const std::function<double(const UsageState&)>& value) {
            out_.family(name, "gauge", help);
            for (const ServiceState& service : state_.services) {
                if (service.usage)
                    out_.sample("", {{"service", service.name}}, value(*service.usage));
            }
        };
        constexpr double whole = 100;
        write("devstack_service_cpu_ratio",
              "CPU of the service's process tree since the last look, in parts of one core.",
              [](const UsageState& it) { return it.cpu_percent / whole; });
        write("devstack_service_resident_memory_bytes",
              "Resident memory of the service's process tree.",
              [](const UsageState& it) { return static_cast<double>(it.memory_bytes); });
        write("devstack_service_processes",
              "Processes of the service's tree.",
              [](const UsageState& it) { return static_cast<double>(it.processes); });
    }

    void write_streams() {
        out_.family("devstack_stream_clients", "gauge", "Clients that follow a stream.");
        for (const auto& [kind, count] : metrics_.stream_clients) {
            out_.sample("", {{"stream", kind}}, count);
        }
        out_.family("devstack_stream_gaps",
                    "counter",
                    "Gaps told to clients of streams: rotation had overtaken them.");
        out_.sample("_total", {}, metrics_.stream_gaps);
    }

    void write_own() {
        out_.family("process_cpu_seconds", "counter", "CPU time of the daemon.");
        out_.sample("_total", {}, metrics_.daemon.cpu_seconds);
        out_.family("process_resident_memory_bytes", "gauge", "Resident memory of the daemon.");
        out_.sample("", {}, metrics_.daemon.resident_bytes);
        out_.family("process_open_fds", "gauge", "Open descriptors of the daemon.");
        out_.sample("", {}, metrics_.daemon.open_descriptors);
        out_.family("process_start_time_seconds", "gauge", "When the daemon was started.");
        out_.sample("", {}, metrics_.daemon.start_time_seconds);
        out_.family("devstack_keeper_cpu_seconds", "counter", "CPU time of the keeper.");
        out_.sample("_total", {}, metrics_.keeper.cpu_seconds);
        out_.family(
            "devstack_keeper_resident_memory_bytes", "gauge", "Resident memory of the keeper.");
        out_.sample("", {}, metrics_.keeper.resident_bytes);
        out_.family("devstack_keeper_open_fds", "gauge", "Open descriptors of the keeper.");
        out_.sample("", {}, metrics_.keeper.open_descriptors);
    }

    const StateMessage& state_;
    const MetricsMessage& metrics_;
    OpenMetricsWriter out_;
};

}  // namespace

void LatencyHistogram::add(Duration latency) {
    const double seconds = std::chrono::duration<double>(latency).count();
    ++count;
    sum_seconds += seconds;
    for (std::size_t i = 0; i < probe_buckets.size(); ++i) {
        if (seconds > probe_buckets.at(i)) continue;
        ++counts.at(i);
        return;
    }
}

MetricsFormat choose_metrics_format(const std::string& accept) {
    const bool is_open = accept.find("application/openmetrics-text") != std::string::npos;
    return is_open ? MetricsFormat::open_metrics : MetricsFormat::prometheus;
}

const char* content_type_of(MetricsFormat format) {
    return format == MetricsFormat::open_metrics
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

std::string render_metrics(const StateMessage& state,
                           const MetricsMessage& metrics,
                           MetricsFormat format) {
    return MetricsWriter{state, metrics, format}.write();
}

}  // namespace devstack::core::api
