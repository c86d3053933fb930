#include "cli/last_lines.hpp"

#include "devstack/cli/log_view.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/project/log_reader.hpp"
#include "devstack/project/saved_secrets.hpp"

namespace devstack::cli {

std::string render_last_lines(const project::ProjectPaths& paths,
                              const std::string& service,
                              std::size_t count,
                              const Terminal& terminal) {
    project::LogQuery query;
    query.services = {service};
    query.tail = count;
    query.secrets = project::load_saved_secrets(paths.state_dir);
    // A last line without an end is better than none.
    query.now = platform::wall_now() + core::limits::partial_line_delay;
    const Result<project::LogAnswer> answer = project::read_logs(paths.log_dir, query);
    if (!answer) return "";
    const LogLook look{prefix_width_for({service}), false, terminal.has_colour};
    std::string text;
    for (const core::LogLine& line : answer->lines)
        text += render_log_line(line, look) + "\n";
    return text;
}

void complain_with_last_lines(const project::ProjectPaths& paths,
                              const std::string& service,
                              const Terminal& terminal) {
    constexpr std::size_t last_lines_count = 10;
    const std::string lines = render_last_lines(paths, service, last_lines_count, terminal);
    if (lines.empty()) return;
    complain("the last lines of " + service + ":");
    print(lines);
}

}  // namespace devstack::cli
