#include "devstack/core/api/metrics.hpp"

#include "core/api/open_metrics.hpp"
#include "support/catch.hpp"

using namespace devstack;
using namespace devstack::core::api;
using namespace std::chrono_literals;

namespace {

std::string lines_with(const std::string& text, const std::string& word) {
    std::string found;
    std::size_t begin = 0;
    for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
        const std::string line = text.substr(begin, end - begin + 1);
        if (line.find(word) != std::string::npos) found += line;
    }
    return found;
}

StateMessage state_of_one() {
    StateMessage state;
    state.version = "1.0";
    state.project = "my \"shop\"";
    state.mode = "development";
    ServiceState api;
    api.name = "api";
    api.phase = "ready";
    api.pid = 7;
    api.uptime_seconds = 1.5;
    api.usage = UsageState{12.5, 4096, 2};
    state.services.push_back(api);
    return state;
}

}  // namespace

TEST_CASE("metrics are OpenMetrics text, or the older text of Prometheus", "[unit][api]") {
    const auto written = [](MetricsFormat format) {
        OpenMetricsWriter writer{format};
        writer.family("a_b", "counter", "One \"line\"\nwith \\ all.");
        writer.sample("_total", {}, std::uint64_t{18446744073709551615u});
        writer.sample("_total", {{"x", "a\"b\\c\nd"}, {"y", ""}}, 0.5);
        writer.family("c", "info", "What.");
        writer.sample("_info", {}, std::uint64_t{1});
        return writer.take();
    };
    CHECK(written(MetricsFormat::open_metrics) ==
          "# HELP a_b One \\\"line\\\"\\nwith \\\\ all.\n"
          "# TYPE a_b counter\n"
          "a_b_total 18446744073709551615\n"
          "a_b_total{x=\"a\\\"b\\\\c\\nd\",y=\"\"} 0.5\n"
          "# HELP c What.\n"
          "# TYPE c info\n"
          "c_info 1\n"
          "# EOF\n");
    CHECK(written(MetricsFormat::prometheus) ==
          "# HELP a_b_total One \"line\"\\nwith \\\\ all.\n"
          "# TYPE a_b_total counter\n"
          "a_b_total 18446744073709551615\n"
          "a_b_total{x=\"a\\\"b\\\\c\\nd\",y=\"\"} 0.5\n"
          "# HELP c_info What.\n"
          "# TYPE c_info gauge\n"
          "c_info 1\n");
}

TEST_CASE("the format of metrics is the asker's choice", "[unit][api]") {
    CHECK(choose_metrics_format("") == MetricsFormat::prometheus);
    CHECK(choose_metrics_format("text/html") == MetricsFormat::prometheus);
    CHECK(choose_metrics_format("application/openmetrics-text;version=1.0.0;q=0.6,*/*;q=0.2") ==
          MetricsFormat::open_metrics);
}

TEST_CASE("metrics tell a service's phase, counts and usage", "[unit][api]") {
    MetricsMessage metrics;
    metrics.services["api"].restarts = 3;
    metrics.services["api"].ready_seconds = 0.25;
    metrics.stream_clients = {{"events", 1}, {"logs", 2}};
    metrics.stream_gaps = 4;
    metrics.daemon = {1.5, 1000, 9, 1700000000.25};
    const std::string text = render_metrics(state_of_one(), metrics, MetricsFormat::open_metrics);
    CHECK(text.ends_with("\n# EOF\n"));
    CHECK(lines_with(text, "devstack_build_info") ==
          "devstack_build_info{version=\"1.0\",project=\"my \\\"shop\\\"\","
          "mode=\"development\"} 1\n");
    CHECK(lines_with(text, "phase=\"ready\"") ==
          "devstack_service_phase{service=\"api\",phase=\"ready\"} 1\n");
    CHECK(lines_with(text, "phase=\"failed\"") ==
          "devstack_service_phase{service=\"api\",phase=\"failed\"} 0\n");
    CHECK(lines_with(text, "restarts_total") ==
          "devstack_service_restarts_total{service=\"api\"} 3\n");
    CHECK(lines_with(text, "ready_seconds{") ==
          "devstack_service_ready_seconds{service=\"api\"} 0.25\n");
    CHECK(lines_with(text, "_cpu_ratio{") == "devstack_service_cpu_ratio{service=\"api\"} 0.125\n");
    CHECK(lines_with(text, "service_resident_memory_bytes{") ==
          "devstack_service_resident_memory_bytes{service=\"api\"} 4096\n");
    CHECK(lines_with(text, "stream_clients{") ==
          "devstack_stream_clients{stream=\"events\"} 1\n"
          "devstack_stream_clients{stream=\"logs\"} 2\n");
    CHECK(lines_with(text, "stream_gaps_total") == "devstack_stream_gaps_total 4\n");
    CHECK(lines_with(text, "process_start_time_seconds 1") ==
          "process_start_time_seconds 1700000000.25\n");
}

TEST_CASE("latencies of probes fall into buckets that count up", "[unit][api]") {
    MetricsMessage metrics;
    for (const Duration latency : {Duration{1ms}, Duration{2ms}, Duration{30ms}, Duration{9s}})
        metrics.services["api"].probes.add(latency);
    const std::string text = render_metrics(state_of_one(), metrics, MetricsFormat::open_metrics);
    CHECK(lines_with(text, "probe_duration_seconds_") ==
          "devstack_service_probe_duration_seconds_bucket{service=\"api\",le=\"0.001\"} 1\n"
          "devstack_service_probe_duration_seconds_bucket{service=\"api\",le=\"0.0025\"} 2\n"
          "devstack_service_probe_duration_seconds_bucket{service=\"api\",le=\"0.005\"} 2\n"
          "devstack_service_probe_duration_seconds_bucket{service=\"api\",le=\"0.01\"} 2\n"
          "devstack_service_probe_duration_seconds_bucket{service=\"api\",le=\"0.025\"} 2\n"
          "devstack_service_probe_duration_seconds_bucket{service=\"api\",le=\"0.05\"} 3\n"
          "devstack_service_probe_duration_seconds_bucket{service=\"api\",le=\"0.1\"} 3\n"
          "devstack_service_probe_duration_seconds_bucket{service=\"api\",le=\"0.5\"} 3\n"
          "devstack_service_probe_duration_seconds_bucket{service=\"api\",le=\"1\"} 3\n"
          "devstack_service_probe_duration_seconds_bucket{service=\"api\",le=\"5\"} 3\n"
          "devstack_service_probe_duration_seconds_bucket{service=\"api\",le=\"+Inf\"} 4\n"
          "devstack_service_probe_duration_seconds_sum{service=\"api\"} 9.033\n"
          "devstack_service_probe_duration_seconds_count{service=\"api\"} 4\n");
}
