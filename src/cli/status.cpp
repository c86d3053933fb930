#include "devstack/base/text.hpp"
#include "devstack/client/connection.hpp"
#include "devstack/platform/terminal.hpp"

#include "cli/commands.hpp"
#include "cli/find_project.hpp"
#include "cli/reach_daemon.hpp"
#include "cli/service_names.hpp"
#include "cli/status_view.hpp"

#include <chrono>
#include <utility>

#include <unistd.h>

namespace devstack::cli {

namespace {

namespace api = core::api;
using namespace std::chrono_literals;

/// How often figures that no event announces (CPU, memory, uptime) are looked at anew.
constexpr Duration watch_interval = 2s;

/// Leaves in the state those services that are asked for, all of them when none is named.
void choose(api::StateMessage& state, const std::vector<std::string>& names) {
    if (names.empty()) return;
    std::vector<api::ServiceState> services;
    services.reserve(names.size());
    for (const std::string& name : names)
        services.push_back(*find_service(state, name));
    state.services = std::move(services);
}

/// A look at /proc for every process costs the daemon more than all the rest: only who reads it
/// gets it.
bool wants_usage(const StatusOptions& options, const Terminal& terminal) {
    return options.usage || options.watch || (terminal.is_terminal && !options.json);
}

/// JSON tells everything, the table what it has columns for.
api::StateDetail detail_of(const StatusOptions& options) {
    return options.json ? api::StateDetail::all : api::StateDetail::brief;
}

std::string render(const api::StateMessage& state,
                   const StatusOptions& options,
                   const Terminal& terminal) {
    if (!options.json) return render_status(state, terminal);
    return api::to_text(state) + "\n";
}

int show_once(const Common& common,
              RunningProject project,
              const StatusOptions& options,
              const Terminal& terminal) {
    const api::StateRequest request{wants_usage(options, terminal), detail_of(options)};
    Result<api::StateMessage> state = fetch_state(project, request);
    if (!state && means_daemon_lost(state.error())) {
        // No next one: what else is to be said of it?
        Result<RunningProject> again = reach_project(common);
        if (!again) return fail(again.error());
        state = fetch_state(*again, request);
    }
    if (!state) return fail(state.error());
    if (const auto unknown = find_unknown(options.services, names_of(*state))) {
        complain(*unknown);
        return exit_no_such_service;
    }
    choose(*state, options.services);
    const bool is_well = is_all_well(state->services);
    if (!print(render(*state, options, terminal))) return exit_failed;
    return is_well ? exit_done : exit_failed;
}

/// On a terminal the table is drawn anew in its place; in a pipe one follows the other, when
/// something has happened.
int watch(client::Connection& connection, const StatusOptions& options, const Terminal& terminal) {
    std::uint64_t cursor = 0;
    while (true) {
        Result<api::StateMessage> state =
            client::fetch_state(connection, {true, detail_of(options)});
        if (!state) return fail(state.error());
        if (const auto unknown = find_unknown(options.services, names_of(*state))) {
            complain(*unknown);
            return exit_no_such_service;
        }
        choose(*state, options.services);
        Terminal now = terminal;
        if (now.is_terminal) now.width = platform::terminal_width(STDOUT_FILENO);
        const bool is_drawn_over = now.is_terminal && !options.json;
        const std::string text = render(*state, options, now);
        if (!print(is_drawn_over ? "\x1b[H\x1b[2J" + text : text)) return exit_failed;
        cursor = state->cursor;
        const Duration wait = is_drawn_over ? watch_interval : Duration{30s};
        while (true) {
            const auto events = client::fetch_events(connection, cursor, wait);
            if (!events) return fail(events.error());
            cursor = events->cursor;
            if (is_drawn_over || !events->events.empty()) break;
        }
    }
}

}  // namespace

int run_status(const Common& common, const StatusOptions& options) {
    Result<RunningProject> project = reach_project(common);
    if (!project) return fail(project.error());
    const Terminal terminal = examine_terminal(STDOUT_FILENO, common.colour);
    return options.watch ? watch(project->connection, options, terminal)
                         : show_once(common, std::move(*project), options, terminal);
}

}  // namespace devstack::cli
