#include "devstack/base/text.hpp"
#include "devstack/cli/event_view.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/project/event_reader.hpp"

#include "cli/commands.hpp"
#include "cli/find_project.hpp"
#include "cli/project_end.hpp"
#include "cli/reach_daemon.hpp"
#include "cli/service_names.hpp"

#include <chrono>
#include <optional>

#include <unistd.h>

namespace devstack::cli {

namespace {

namespace api = core::api;
using namespace std::chrono_literals;

/// Without any news for so long, the person is told what is still blocking; then at longer steps.
constexpr Duration first_silence = 2s;
constexpr Duration longest_silence = 30s;

std::vector<std::string> blocking(const api::StateMessage& state) {
    std::vector<std::string> sentences;
    for (const api::ServiceState& service : state.services) {
        const bool is_down =
            service.phase == "stopped" || service.phase == "completed" || service.phase == "failed";
        if (is_down) continue;
        std::string text = sentence_of(service);
        if (service.pid != 0) text += " (pid " + std::to_string(service.pid) + ")";
        sentences.push_back(text);
    }
    return sentences;
}

class Descent {
public:
    Descent(RunningProject& project,
            const api::StateMessage& state,
            const DownOptions& options,
            const Terminal& terminal)
        : project_{project},
          terminal_{terminal},
          timeout_{options.timeout},
          deadline_{platform::now() + options.timeout},
          processes_{state} {}

    int follow(std::uint64_t cursor) {
        while (platform::now() < deadline_) {
            const Duration wait = std::min(silence_, deadline_ - platform::now());
            const auto events = client::fetch_events(project_.connection, cursor, wait);
            if (!events) break;  // The daemon hangs up when it has done its work.
            cursor = events->cursor;
            show(events->events);
            if (events->events.empty()) tell_what_blocks();
        }
        show_rest(cursor);
        if (processes_.await_end(deadline_ - platform::now())) {
            print(project_.place.shown_name() + " is down\n");
            return exit_done;
        }
        return give_up();
    }

private:
    void show(const std::vector<api::EventMessage>& events) {
        if (events.empty()) return;
        silence_ = first_silence;
        const EventLook look{terminal_.has_colour, platform::wall_now()};
        std::string text;
        for (const api::EventMessage& event : events)
            text += render_event(event, look) + "\n";
        print(text);
    }

    /// The daemon's last words stand in the journal, whether it got round to telling us or not.
    void show_rest(std::uint64_t cursor) {
        processes_.await_daemon_end(deadline_ - platform::now());
        project::EventQuery query;
        query.after = cursor;
        const auto rest = project::read_events(project_.place.paths.state_dir, query);
        if (rest) show(rest->events);
    }

    void tell_what_blocks() {
        silence_ = std::min(silence_ * 2, longest_silence);
        const Result<api::StateMessage> state = client::fetch_state(project_.connection);
        if (!state) return;
        blocking_ = blocking(*state);
        for (const std::string& it : blocking_)
            print("still waiting for " + it + "\n");
    }

    int give_up() const {
        complain("gave up waiting after " + render_duration(timeout_) + "; " +
                 (blocking_.empty() ? "the daemon has not ended"
                                    : "in the way is " + join_for_people(blocking_)));
        complain("devstack down --force kills what is left");
        return exit_failed;
    }

    RunningProject& project_;
    Terminal terminal_;
    Duration timeout_;
    TimePoint deadline_;
    Duration silence_ = first_silence;
    std::vector<std::string> blocking_;
    ProjectProcesses processes_;
};

/// Nobody is there who could end it in order.
int end_without_daemon(const Common& common, const DownOptions& options) {
    const Result<ProjectPlace> place = find_project(common);
    if (!place) return fail(place.error());
    if (const Status ended = end_keeper(place->paths, options.timeout); !ended) {
        return fail(ended.error());
    }
    print(place->shown_name() + " is down; its daemon could not be started any more\n");
    return exit_done;
}

/// Nothing runs, or devstack was killed as a whole and its services run on.
int end_without_keeper(const Common& common, const Error& not_running) {
    const Result<ProjectPlace> place = find_project(common);
    const Result<std::string> ended = place ? end_left_running(place->paths) : std::string{};
    if (!ended) return fail(ended.error());
    if (ended->empty()) {
        complain(not_running.message.substr(0, not_running.message.find(';')));
        return exit_done;
    }
    print(*ended + "\n" + place->shown_name() + " is down; it had been killed\n");
    return exit_done;
}

}  // namespace

int run_down(const Common& common, const DownOptions& options) {
    Result<RunningProject> project = reach_project(common);
    if (!project) {
        const Error& error = project.error();
        if (error.kind == Error::Kind::timed_out) return end_without_daemon(common, options);
        if (error.kind == Error::Kind::not_found) return end_without_keeper(common, error);
        return fail(error);
    }
    const Result<api::StateMessage> state = fetch_state(*project, {false, api::StateDetail::none});
    if (!state) return fail(state.error());
    project->place.name = state->project;
    const Result<api::CommandReply> reply =
        client::send_command(project->connection, {options.force ? "kill" : "shutdown", {}, 0});
    // Somebody else may have asked already: then we watch theirs.
    const bool is_under_way = !reply && reply.error().kind == Error::Kind::busy;
    if (!reply && !is_under_way) return fail(reply.error());
    Descent descent{*project, *state, options, examine_terminal(STDOUT_FILENO, common.colour)};
    return descent.follow(reply ? reply->cursor : state->cursor);
}

}  // namespace devstack::cli
