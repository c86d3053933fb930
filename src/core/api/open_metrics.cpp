#include "core/api/open_metrics.hpp"

#include <array>
#include <charconv>

namespace devstack::core::api {

namespace {

std::string escaped(std::string_view text, bool with_quotes = true) {
    std::string result;
    result.reserve(text.size());
    for (const char c : text) {
        if (c == '\n') {
            result += "\\n";
            continue;
        }
        if (c == '\\' || (c == '"' && with_quotes)) result += '\\';
        result += c;
    }
    return result;
}

}  // namespace

std::string render_number(double value) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return {text.data(), end};
}

void OpenMetricsWriter::family(std::string_view name,
                               std::string_view type,
                               std::string_view help) {
    family_ = name;
    std::string told{name};
    // There a family is named as its samples are, and there is no type for what only tells.
    if (format_ == MetricsFormat::prometheus && type == "counter") told += "_total";
    if (format_ == MetricsFormat::prometheus && type == "info") {
        told += "_info";
        type = "gauge";
    }
    const bool with_quotes = format_ == MetricsFormat::open_metrics;
    text_.append("# HELP ")
        .append(told)
        .append(" ")
        .append(escaped(help, with_quotes))
        .append("\n");
    text_.append("# TYPE ").append(told).append(" ").append(type).append("\n");
}

std::string OpenMetricsWriter::take() {
    if (format_ == MetricsFormat::open_metrics) text_ += "# EOF\n";
    return std::move(text_);
}

void OpenMetricsWriter::begin_sample(std::string_view suffix, Labels labels) {
    text_.append(family_).append(suffix);
    char separator = '{';
    for (const auto& [name, value] : labels) {
        text_ += separator;
        text_.append(name).append("=\"").append(escaped(value)).append("\"");
        separator = ',';
    }
    text_ += labels.size() > 0 ? "} " : " ";
}

void OpenMetricsWriter::sample(std::string_view suffix, Labels labels, double value) {
    begin_sample(suffix, labels);
    text_ += render_number(value) + "\n";
}

void OpenMetricsWriter::sample(std::string_view suffix, Labels labels, std::uint64_t value) {
    begin_sample(suffix, labels);
    text_ += std::to_string(value) + "\n";
}

}  // namespace devstack::core::api
