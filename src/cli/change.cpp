#include "devstack/base/text.hpp"

#include "cli/change_verdict.hpp"
#include "cli/change_wait.hpp"
#include "cli/commands.hpp"
#include "cli/find_project.hpp"
#include "cli/service_names.hpp"

#include <unistd.h>

namespace devstack::cli {

namespace api = core::api;

int run_change(const Common& common, const ChangeOptions& options) {
    Result<RunningProject> project = reach_project(common);
    if (!project) return fail(project.error());
    const Result<api::StateMessage> before = fetch_state(*project);
    if (!before) return fail(before.error());
    if (const auto unknown = find_unknown(options.services, names_of(*before))) {
        complain(*unknown);
        return exit_no_such_service;
    }
    const Result<api::CommandReply> reply =
        client::send_command(project->connection, {options.command, options.services});
    if (!reply) return fail(reply.error());
    if (options.no_wait) {
        print(options.command + " of " + join_for_people(options.services) +
              " has been asked for\n");
        return exit_done;
    }
    const auto judge = [&options, runs = run_numbers(*before)](const api::StateMessage& state) {
        return judge_change(options.command, options.services, runs, state);
    };
    return wait_for_change(*project,
                           {judge, options.timeout, examine_terminal(STDOUT_FILENO, common.colour)},
                           reply->cursor);
}

}  // namespace devstack::cli
