#pragma once

#include "devstack/core/api/metrics.hpp"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace devstack::core::api {

/// Writes OpenMetrics text, or the older text format of Prometheus, family by family.
class OpenMetricsWriter {
public:
    explicit OpenMetricsWriter(MetricsFormat format) : format_{format} {}

    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    /// Samples that follow are of this family. `type`: "counter", "gauge", "histogram", "info".
    void family(std::string_view name, std::string_view type, std::string_view help);
    /// `suffix` as the type asks for: "_total", "_bucket", "_info", "".
    void sample(std::string_view suffix, Labels labels, double value);
    void sample(std::string_view suffix, Labels labels, std::uint64_t value);

    std::string take();

private:
    void begin_sample(std::string_view suffix, Labels labels);

    MetricsFormat format_;
    std::string family_;
    std::string text_;
};

/// As Prometheus writes it: the shortest that reads back the same.
std::string render_number(double value);

}  // namespace devstack::core::api
