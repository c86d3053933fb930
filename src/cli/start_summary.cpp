#include "cli/start_summary.hpp"

#include "devstack/base/text.hpp"

#include "cli/progress.hpp"

#include <algorithm>

namespace devstack::cli {

namespace api = core::api;

std::string shown_path(const std::string& path, const std::string& directory) {
    return path.starts_with(directory + "/") ? path.substr(directory.size() + 1) : path;
}

std::string render_summary(const api::StateMessage& state,
                           const std::vector<std::string>& services,
                           Duration took,
                           const Terminal& terminal) {
    const Progress progress = judge_progress(state, services);
    const auto tasks = static_cast<std::size_t>(
        std::ranges::count(progress.settled, "task", &api::ServiceState::kind));
    std::string done = count_of(progress.settled.size() - tasks, "service") + " ready";
    if (tasks > 0) done += " and " + count_of(tasks, "task") + " completed";
    std::string text =
        paint(done + " after " + render_duration(took), Style::green, terminal.has_colour);
    std::size_t width = 0;
    for (const api::ServiceState& it : progress.settled) {
        if (!it.url.empty()) width = std::max(width, display_width(it.name));
    }
    for (const api::ServiceState& it : progress.settled) {
        if (it.url.empty()) continue;
        text += "\n  " + it.name + std::string(width - display_width(it.name), ' ') + "  " +
                paint(it.url, Style::bold, terminal.has_colour);
    }
    for (const api::ServiceState& it : progress.settled) {
        for (const std::string& difference : it.differences) {
            text += "\n  " + paint("note: " + difference, Style::yellow, terminal.has_colour);
        }
    }
    return text;
}

}  // namespace devstack::cli
