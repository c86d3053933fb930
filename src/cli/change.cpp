#include "devstack/base/text.hpp"
#include "devstack/cli/event_view.hpp"
#include "devstack/platform/clock.hpp"

#include "cli/change_verdict.hpp"
#include "cli/commands.hpp"
#include "cli/find_project.hpp"
#include "cli/last_lines.hpp"
#include "cli/service_names.hpp"

#include <chrono>

#include <unistd.h>

namespace devstack::cli {

namespace {

namespace api = core::api;
using namespace std::chrono_literals;

constexpr Duration longest_poll = 30s;

std::string join_lines(const std::vector<std::string>& sentences) {
    std::string text;
    for (const std::string& it : sentences)
        text += it + "\n";
    return text;
}

/// What the command set in motion: followed until the verdict is there, or the time is over.
class ChangeWait {
public:
    ChangeWait(RunningProject& project,
               const ChangeOptions& options,
               RunNumbers before,
               const Terminal& terminal)
        : project_{project},
          options_{options},
          before_{std::move(before)},
          terminal_{terminal},
          deadline_{platform::now() + options.timeout} {}

    int run(std::uint64_t cursor) {
        while (true) {
            const Result<api::StateMessage> state = client::fetch_state(project_.connection);
            if (!state) return fail(state.error());
            // What led to this state comes first.
            if (!show_events(cursor, state->cursor)) return exit_failed;
            // Something came after the state: waiting for the next event could be waiting for ever.
            if (cursor > state->cursor) continue;
            const Verdict verdict =
                judge_change(options_.command, options_.services, before_, *state);
            if (verdict.is_over()) return end(verdict);
            const Duration left = deadline_ - platform::now();
            if (left <= Duration::zero()) return give_up(verdict);
            const auto events =
                client::fetch_events(project_.connection, cursor, std::min(left, longest_poll));
            if (!events) return fail(events.error());
            if (!show(events->events)) return exit_failed;
            cursor = events->cursor;
        }
    }

private:
    bool show_events(std::uint64_t& cursor, std::uint64_t until) {
        if (until <= cursor) return true;
        const auto events = client::fetch_events(project_.connection, cursor, Duration{});
        if (!events) return true;
        cursor = events->cursor;
        return show(events->events);
    }

    bool show(const std::vector<api::EventMessage>& events) const {
        std::string text;
        const EventLook look{terminal_.has_colour, platform::wall_now()};
        for (const api::EventMessage& event : events)
            text += render_event(event, look) + "\n";
        return text.empty() || print(text);
    }

    int end(const Verdict& verdict) const {
        print(join_lines(verdict.done));
        for (const std::string& it : verdict.failed)
            complain(it);
        for (const std::string& culprit : verdict.culprits) {
            complain_with_last_lines(project_.place.paths, culprit, terminal_);
        }
        return verdict.failed.empty() ? exit_done : exit_failed;
    }

    int give_up(const Verdict& verdict) const {
        print(join_lines(verdict.done));
        complain("gave up waiting after " + render_duration(options_.timeout) + ":");
        for (const std::string& it : verdict.pending)
            complain(it);
        return exit_failed;
    }

    RunningProject& project_;
    const ChangeOptions& options_;
    RunNumbers before_;
    Terminal terminal_;
    TimePoint deadline_;
};

}  // namespace

int run_change(const Common& common, const ChangeOptions& options) {
    Result<RunningProject> project = reach_project(common);
    if (!project) return fail(project.error());
    const Result<api::StateMessage> before = client::fetch_state(project->connection);
    if (!before) return fail(before.error());
    if (const auto unknown = find_unknown(options.services, names_of(*before))) {
        complain(*unknown);
        return exit_no_such_service;
    }
    const Result<api::CommandReply> reply =
        client::send_command(project->connection, {options.command, options.services, 0});
    if (!reply) return fail(reply.error());
    if (options.no_wait) {
        print(options.command + " of " + join_for_people(options.services) +
              " has been asked for\n");
        return exit_done;
    }
    ChangeWait wait{
        *project, options, run_numbers(*before), examine_terminal(STDOUT_FILENO, common.colour)};
    return wait.run(reply->cursor);
}

}  // namespace devstack::cli
