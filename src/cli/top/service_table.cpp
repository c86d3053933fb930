#include "cli/top/service_table.hpp"

#include "devstack/base/text.hpp"

#include "cli/service_names.hpp"
#include "cli/status_view.hpp"

#include <algorithm>
#include <functional>
#include <string>

namespace devstack::cli {

namespace {

namespace api = core::api;

constexpr std::size_t gap = 2;
constexpr std::size_t name_width_max = 24;
constexpr std::size_t ports_width_max = 24;
/// With less room than this for the reason, columns give way.
constexpr std::size_t reason_width_wished = 28;

struct TopColumn {
    const char* title;
    Span (*cell)(const api::ServiceState&);
    std::size_t width_max;
    int priority;  ///< The highest goes first.
    bool is_right_aligned;
};

Span name_cell(const api::ServiceState& it) {
    if (is_bad(it)) return {"!" + it.name, {style_of_phase(it.phase), true}};
    return {" " + it.name, {Style::plain, true}};
}
Span phase_cell(const api::ServiceState& it) {
    return {it.phase, {style_of_phase(it.phase)}};
}
Span pid_cell(const api::ServiceState& it) {
    return {it.pid != 0 ? std::to_string(it.pid) : "", {}};
}
Span ports_cell(const api::ServiceState& it) {
    std::vector<std::string> ports;
    for (const api::PortState& port : it.ports)
        ports.push_back(std::to_string(port.port));
    return {join(ports, ","), {}};
}
Span uptime_cell(const api::ServiceState& it) {
    return {it.pid != 0 ? render_seconds(it.uptime_seconds) : "", {}};
}
Span restarts_cell(const api::ServiceState& it) {
    return {std::to_string(it.restarts), {it.restarts > 0 ? Style::yellow : Style::dim}};
}
Span cpu_cell(const api::ServiceState& it) {
    return {it.usage ? render_percent(it.usage->cpu_percent) : "", {}};
}
Span memory_cell(const api::ServiceState& it) {
    return {it.usage ? render_bytes(it.usage->memory_bytes) : "", {}};
}
Span health_cell(const api::ServiceState& it) {
    return {it.health.status == "none" ? "" : it.health.status, {style_of_health(it.health)}};
}
Span failures_cell(const api::ServiceState& it) {
    return {it.health.failures > 0 ? std::to_string(it.health.failures) : "", {Style::yellow}};
}
Span reason_cell(const api::ServiceState& it) {
    return {reason_of(it), {is_bad(it) ? style_of_phase(it.phase) : Style::plain}};
}

constexpr TopColumn top_columns[] = {
    {" SERVICE", name_cell, name_width_max, 0, false},
    {"PHASE", phase_cell, 12, 0, false},
    {"PID", pid_cell, 8, 6, true},
    {"PORT", ports_cell, ports_width_max, 0, false},
    {"UPTIME", uptime_cell, 8, 5, true},
    {"RST", restarts_cell, 5, 0, true},
    {"HEALTH", health_cell, 9, 0, false},
    {"FAIL", failures_cell, 4, 4, true},
    {"CPU", cpu_cell, 5, 0, true},
    {"MEMORY", memory_cell, 8, 0, true},
};

struct ShownColumn {
    const TopColumn* column;
    std::size_t width;
};

/// A name or a list of ports that takes more must leave room for the rest.
std::size_t width_limit(const TopColumn& column, std::size_t width) {
    return width >= 110 ? column.width_max : std::min<std::size_t>(column.width_max, 12);
}

std::vector<ShownColumn> measure(const std::vector<api::ServiceState>& services,
                                 std::size_t width) {
    std::vector<ShownColumn> shown;
    for (const TopColumn& column : top_columns) {
        std::size_t widest = display_width(column.title);
        // Figures come and go: their columns stay.
        if (column.cell == cpu_cell) widest = 5;
        if (column.cell == memory_cell) widest = 8;
        bool has_any = column.priority == 0;
        for (const api::ServiceState& service : services) {
            const std::size_t cell = display_width(column.cell(service).text);
            widest = std::max(widest, cell);
            has_any = has_any || cell > 0;
        }
        if (has_any) shown.push_back({&column, std::min(widest, width_limit(column, width))});
    }
    return shown;
}

std::size_t total_width(const std::vector<ShownColumn>& columns) {
    std::size_t width = 0;
    for (const ShownColumn& it : columns)
        width += it.width + gap;
    return width;
}

std::vector<ShownColumn> choose_columns(const std::vector<api::ServiceState>& services,
                                        std::size_t width) {
    std::vector<ShownColumn> columns = measure(services, width);
    while (total_width(columns) + reason_width_wished > width) {
        const auto last = std::ranges::max_element(
            columns, {}, [](const ShownColumn& it) { return it.column->priority; });
        if (last->column->priority == 0) break;
        columns.erase(last);
    }
    return columns;
}

FrameLine draw_row(const std::vector<ShownColumn>& columns,
                   const std::function<Span(const TopColumn&)>& cell_of,
                   Span reason,
                   std::size_t width) {
    FrameLine line;
    for (const ShownColumn& it : columns) {
        Span cell = cell_of(*it.column);
        if (cell.text.empty()) cell = {"-", {Style::dim}};
        cell.text = shorten(cell.text, it.width);
        const std::string space(it.width - display_width(cell.text), ' ');
        if (it.column->is_right_aligned) line.push_back({space, {}});
        line.push_back(std::move(cell));
        const std::string after = it.column->is_right_aligned ? "" : space;
        line.push_back({after + std::string(gap, ' '), {}});
    }
    line.push_back(std::move(reason));
    return fit(line, width);
}

}  // namespace

std::vector<FrameLine> draw_services(const std::vector<api::ServiceState>& services,
                                     const TableWindow& window) {
    const std::vector<ShownColumn> columns = choose_columns(services, window.width);
    const Look title{Style::dim, true};
    std::vector<FrameLine> lines;
    lines.push_back(draw_row(
        columns,
        [&](const TopColumn& it) {
            return Span{it.title, title};
        },
        {"REASON", title},
        window.width));
    const std::size_t end = std::min(window.first + window.rows, services.size());
    for (std::size_t i = window.first; i < end; ++i) {
        const api::ServiceState& service = services[i];
        FrameLine row = draw_row(
            columns,
            [&](const TopColumn& it) { return it.cell(service); },
            reason_cell(service),
            window.width);
        lines.push_back(i == window.selected ? reversed(std::move(row)) : std::move(row));
    }
    return lines;
}

}  // namespace devstack::cli
