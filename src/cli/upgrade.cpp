#include "devstack/base/text.hpp"
#include "devstack/client/connection.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/platform/keeper_protocol.hpp"
#include "devstack/platform/own_program.hpp"

#include "cli/commands.hpp"
#include "cli/find_project.hpp"
#include "cli/reach_daemon.hpp"

#include <algorithm>
#include <chrono>

namespace devstack::cli {

namespace {

namespace api = core::api;
using namespace std::chrono_literals;

/// A daemon is there again within a second, as a rule.
constexpr Duration patience = 30s;

Error late() {
    return {Error::Kind::timed_out,
            "no new daemon has come up within " + render_duration(patience) +
                "; the services run on, devstack status tells how it stands"};
}

/// Until the old daemon has left, or tells why it stays.
Status await_handover(client::Connection& connection, std::uint64_t cursor, TimePoint deadline) {
    while (platform::now() < deadline) {
        const auto events = client::fetch_events(connection, cursor, deadline - platform::now());
        if (!events) return ok();
        cursor = events->cursor;
        for (const api::EventMessage& event : events->events) {
            if (event.kind != "project") continue;
            if (event.to == "upgrade-failed") return Error{Error::Kind::system, event.why};
            if (event.to == "upgraded") return ok();
        }
    }
    return late();
}

Result<api::StateMessage> await_successor(const project::ProjectPaths& paths,
                                          int old_daemon,
                                          TimePoint deadline) {
    while (platform::now() < deadline) {
        Result<client::Connection> connection = reach_daemon(paths);
        if (!connection) return connection.error();
        Result<api::StateMessage> state = client::fetch_state(*connection);
        // The old one may hang up on us.
        if (state && state->daemon_pid != old_daemon) return state;
    }
    return late();
}

std::string describe(const api::StateMessage& before,
                     const api::StateMessage& after,
                     const std::string& program) {
    const auto running = std::ranges::count_if(
        after.services, [](const api::ServiceState& it) { return it.pid != 0; });
    const std::string version =
        before.version == after.version ? after.version : before.version + ", now " + after.version;
    return after.project + ": keeper (pid " + std::to_string(after.keeper_pid) +
           ") and daemon (pid " + std::to_string(before.daemon_pid) + ", now " +
           std::to_string(after.daemon_pid) + ") are " + program + " (" + version + "); " +
           count_of(static_cast<std::size_t>(running), "service") + " ran on";
}

}  // namespace

int run_upgrade(const Common& common, const UpgradeOptions& options) {
    const Result<std::string> program = platform::own_program();
    if (!program) return fail(program.error());
    Result<RunningProject> project = reach_project(common);
    if (!project) return fail(project.error());
    const Result<api::StateMessage> before = fetch_state(*project);
    if (!before) return fail(before.error());
    const bool is_same = platform::runs_own_program(before->keeper_pid) &&
                         platform::runs_own_program(before->daemon_pid);
    if (is_same && !options.force) {
        const std::string text = options.json ? api::to_text(*before)
                                              : before->project + " runs " + *program + " (" +
                                                    before->version + ") already";
        return print(text + "\n") ? exit_done : exit_failed;
    }
    api::CommandRequest request;
    request.command = "upgrade";
    request.program = *program;
    request.takes_over = platform::keeper_protocol::version;
    const Result<api::CommandReply> reply = client::send_command(project->connection, request);
    if (!reply) {
        complain(reply.error().message);
        return exit_failed;
    }
    const TimePoint deadline = platform::now() + patience;
    const Status handed = await_handover(project->connection, reply->cursor, deadline);
    if (!handed) return fail(handed.error());
    const auto after = await_successor(project->place.paths, before->daemon_pid, deadline);
    if (!after) return fail(after.error());
    const std::string text =
        options.json ? api::to_text(*after) : describe(*before, *after, *program);
    return print(text + "\n") ? exit_done : exit_failed;
}

}  // namespace devstack::cli
