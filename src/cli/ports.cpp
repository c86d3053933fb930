#include "devstack/base/text.hpp"
#include "devstack/cli/table.hpp"
#include "devstack/daemon/port_scanner.hpp"

#include "cli/commands.hpp"
#include "cli/find_project.hpp"

#include <unistd.h>

namespace devstack::cli {

namespace {

namespace api = core::api;

/// The daemon knows which of them are the project's; without one, /proc tells the rest.
Result<std::vector<api::ListeningPort>> collect(const Common& common,
                                                const std::optional<Port>& port) {
    Result<RunningProject> project = reach_project(common);
    if (project) return client::fetch_ports(project->connection, port);
    if (common.project) return std::move(project).error();
    return daemon::collect_all_listeners(platform::Procfs{}, daemon::ProjectMark{}, {}, port);
}

std::string render(const std::vector<api::ListeningPort>& ports, const Terminal& terminal) {
    Table table{{{"PORT", true},
                 {"ADDRESS"},
                 {"SERVICE"},
                 {"COMMAND"},
                 {"PID", true},
                 {"USER"},
                 {"SINCE"},
                 {"DIRECTORY"}}};
    for (const api::ListeningPort& it : ports) {
        table.add_row({{std::to_string(it.port), Style::bold},
                       {it.address, Style::plain},
                       {sane_text(it.service), Style::green},
                       {sane_text(it.command), Style::plain},
                       {it.pid == 0 ? "" : std::to_string(it.pid), Style::plain},
                       {sane_text(it.user), Style::plain},
                       {it.since, Style::plain},
                       {sane_text(it.working_dir), Style::dim}});
    }
    return table.render(terminal);
}

}  // namespace

int run_ports(const Common& common, const PortsOptions& options) {
    const Result<std::vector<api::ListeningPort>> ports = collect(common, options.port);
    if (!ports) return fail(ports.error());
    std::string text;
    if (options.json) {
        text = api::to_text(*ports) + "\n";
    } else if (!ports->empty()) {
        text = render(*ports, examine_terminal(STDOUT_FILENO, common.colour));
    } else {
        text = options.port ? "port " + to_string(*options.port) + " is free\n"
                            : "nothing listens on this host\n";
    }
    return print(text) ? exit_done : exit_failed;
}

}  // namespace devstack::cli
