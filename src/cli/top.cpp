#include "cli/commands.hpp"
#include "cli/find_project.hpp"
#include "cli/top/screen.hpp"
#include "cli/top/top_session.hpp"

#include <csignal>
#include <memory>

#include <unistd.h>

namespace devstack::cli {

int run_top(const Common& common) {
    // First of all: without a terminal it makes no difference whether anything runs.
    if (const Status usable = Screen::check(); !usable) return fail(usable.error());
    Result<RunningProject> project = reach_project(common);
    if (!project) return fail(project.error());
    Result<core::api::StateMessage> state = fetch_state(*project);
    if (!state) return fail(state.error());
    project->place.name = state->project;
    TopEnd end;
    {
        platform::SignalWatch signals{
            {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH}};
        Result<std::unique_ptr<Screen>> screen =
            Screen::open(examine_terminal(STDOUT_FILENO, common.colour).has_colour);
        if (!screen) return fail(screen.error());
        end = TopSession{project->place, *state, signals, **screen}.run();
    }
    if (!end.message.empty()) complain(end.message);
    return end.code;
}

}  // namespace devstack::cli
