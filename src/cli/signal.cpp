#include "devstack/base/signal_name.hpp"

#include "cli/commands.hpp"
#include "cli/find_project.hpp"
#include "cli/service_names.hpp"

namespace devstack::cli {

namespace api = core::api;

int run_signal(const Common& common, const SignalOptions& options) {
    const Result<int> signal = parse_signal(options.signal);
    if (!signal) return fail(signal.error());
    Result<RunningProject> project = reach_project(common);
    if (!project) return fail(project.error());
    const Result<api::StateMessage> state = fetch_state(*project);
    if (!state) return fail(state.error());
    if (const auto unknown = find_unknown({options.service}, names_of(*state))) {
        complain(*unknown);
        return exit_no_such_service;
    }
    const api::ServiceState& service = *find_service(*state, options.service);
    if (service.pid == 0) {
        complain(service.name + " has no process: it is " + service.phase);
        return exit_failed;
    }
    const Result<api::CommandReply> reply =
        client::send_command(project->connection, {"signal", {options.service}, *signal});
    if (!reply) return fail(reply.error());
    print(signal_name(*signal) + " was sent to " + service.name + " (pid " +
          std::to_string(service.pid) + ")\n");
    return exit_done;
}

}  // namespace devstack::cli
