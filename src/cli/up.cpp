#include "devstack/cli/up.hpp"

#include "devstack/base/text.hpp"
#include "devstack/cli/event_view.hpp"
#include "devstack/cli/exit_code.hpp"
#include "devstack/platform/clock.hpp"

#include "cli/foreground.hpp"
#include "cli/last_lines.hpp"
#include "cli/launch.hpp"
#include "cli/progress.hpp"
#include "cli/reach_daemon.hpp"
#include "cli/service_names.hpp"
#include "cli/start_summary.hpp"

#include <algorithm>
#include <string>

#include <unistd.h>

namespace devstack::cli {

namespace {

using namespace std::chrono_literals;
namespace api = core::api;

constexpr Duration default_wait = 120s;
/// Of one request; then it is asked again.
constexpr Duration longest_wait = 30s;

void say(const std::string& text) {
    print(text + "\n");
}

/// "2 services and 1 task".
std::string size_of(const core::Plan& plan) {
    const auto tasks = static_cast<std::size_t>(
        std::ranges::count(plan.services, core::ServiceKind::task, &core::ServicePlan::kind));
    std::vector<std::string> parts = {count_of(plan.services.size() - tasks, "service")};
    if (tasks > 0) parts.push_back(count_of(tasks, "task"));
    return join_for_people(parts);
}

void say_what_is_pending(const Progress& progress,
                         const project::ProjectPaths& paths,
                         const Terminal& terminal) {
    for (const api::ServiceState& it : progress.failed) {
        say(paint("failed   ", Style::red, terminal.has_colour) + sentence_of(it));
        complain_with_last_lines(paths, it.name, terminal);
    }
    for (const api::ServiceState& it : progress.pending) {
        say(paint("pending  ", Style::yellow, terminal.has_colour) + sentence_of(it));
    }
}

/// The last word of `up --wait`, and its exit code.
int tell_how_it_went(const api::StateMessage& state,
                     const Progress& progress,
                     const UpOptions& options,
                     const project::ProjectPaths& paths,
                     const Terminal& terminal,
                     Duration elapsed) {
    const int code = progress.is_done() ? exit_done : exit_failed;
    if (options.json) {
        say(api::to_text(state));
        return code;
    }
    if (progress.is_done()) {
        say(render_summary(state, options.services, elapsed, terminal));
        return code;
    }
    if (!progress.has_failed()) {
        complain("not everything was ready within " +
                 render_duration(options.timeout.value_or(default_wait)));
    }
    say_what_is_pending(progress, paths, terminal);
    return code;
}

/// Follows the events until all that was asked for is ready (0), or can not become so or is late
/// (1).
int wait_until_ready(client::Connection& connection,
                     const UpOptions& options,
                     const project::ProjectPaths& paths,
                     const Terminal& terminal,
                     std::uint64_t cursor) {
    const TimePoint begin = platform::now();
    const TimePoint deadline = begin + options.timeout.value_or(default_wait);
    for (;;) {
        const auto ask = [](client::Connection& it) { return client::fetch_state(it); };
        const Result<api::StateMessage> state = ask_daemon(connection, paths, ask);
        if (!state) return complain(state.error().message), exit_failed;
        if (is_all_stopped(*state)) {
            complain("everything was stopped before it was ready");
            return exit_failed;
        }
        const Progress progress = judge_progress(*state, options.services);
        const TimePoint now = platform::now();
        if (progress.is_done() || progress.has_failed() || now >= deadline) {
            return tell_how_it_went(*state, progress, options, paths, terminal, now - begin);
        }
        const auto ask_on = [&](client::Connection& it) {
            return client::fetch_events(
                it, cursor, std::min<Duration>(deadline - now, longest_wait));
        };
        const Result<api::EventsMessage> events = ask_daemon(connection, paths, ask_on);
        if (!events) return complain(events.error().message), exit_failed;
        cursor = events->cursor;
        if (options.json || !terminal.is_terminal) continue;
        const EventLook look{terminal.has_colour, platform::wall_now()};
        for (const api::EventMessage& event : events->events)
            say(render_event(event, look));
    }
}

int run_with(const UpOptions& options, const Terminal& terminal, const ChosenProfile& profile) {
    Result<Launched> launched = reach_or_launch(profile, options.free_ports);
    if (!launched) return complain(launched.error().message), exit_failed;

    const bool is_detached = options.detach || options.wait;
    const bool is_quiet = options.json;
    if (!is_quiet) {
        say(paint(profile.plan.project, Style::bold, terminal.has_colour) + ": " +
            size_of(profile.plan) + " from " + profile.shown_name + ", logs in " +
            shown_path(profile.paths.log_dir, profile.plan.project_dir) +
            (launched->is_new ? "" : " (already running: attached)"));
    }
    ForegroundView view{terminal, profile, options.services};
    if (!is_detached) {
        if (const Status ready = view.remember_log_end(); !ready) {
            return complain(ready.error().message), exit_failed;
        }
    }
    const auto start = [&](client::Connection& it) {
        return client::send_command(it, {"start", options.services});
    };
    const Result<api::CommandReply> reply = ask_daemon(launched->connection, profile.paths, start);
    if (!reply) return complain(reply.error().message), exit_failed;
    if (!is_detached) return view.follow(std::move(*launched), reply->cursor);

    launched->keep_running();
    if (options.wait) {
        return wait_until_ready(
            launched->connection, options, profile.paths, terminal, reply->cursor);
    }
    if (options.json) {
        const Result<api::StateMessage> state = client::fetch_state(launched->connection);
        if (!state) return complain(state.error().message), exit_failed;
        say(api::to_text(*state));
    } else {
        say("it runs in the background: devstack status, devstack logs -f, devstack down");
    }
    return 0;
}

}  // namespace

int run_up(const UpOptions& options) {
    const Terminal terminal = examine_terminal(STDOUT_FILENO, options.colour);
    const Result<ChosenProfile> profile = choose_profile(options.profile);
    if (!profile) {
        if (!profile.error().message.empty()) complain(profile.error().message);
        return exit_usage;
    }
    if (const auto unknown = find_unknown(options.services, names_of(profile->plan))) {
        complain(*unknown);
        return exit_no_such_service;
    }
    return run_with(options, terminal, *profile);
}

}  // namespace devstack::cli
