#include "cli/change_wait.hpp"

#include "devstack/base/text.hpp"
#include "devstack/cli/event_view.hpp"
#include "devstack/platform/clock.hpp"

#include "cli/last_lines.hpp"
#include "cli/reach_daemon.hpp"

#include <algorithm>
#include <chrono>

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
class Follower {
    template <typename Question>
    auto ask(const Question& question) {
        return ask_daemon(project_.connection, project_.place.paths, question);
    }

public:
    Follower(RunningProject& project, const ChangeWait& wait)
        : project_{project}, wait_{wait}, deadline_{platform::now() + wait.timeout} {}

    int run(std::uint64_t cursor) {
        while (true) {
            const auto state = ask([](auto& it) { return client::fetch_state(it); });
            if (!state) return fail(state.error());
            // What led to this state comes first.
            if (!show_events(cursor, state->cursor)) return exit_failed;
            // Something came after the state: waiting for the next event could be waiting for ever.
            if (cursor > state->cursor) continue;
            const Verdict verdict = wait_.judge(*state);
            if (verdict.is_over()) return end(verdict);
            const Duration left = deadline_ - platform::now();
            if (left <= Duration::zero()) return give_up(verdict);
            const auto events = ask([&](auto& it) {
                return client::fetch_events(it, cursor, std::min(left, longest_poll));
            });
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
        if (wait_.is_silent) return true;
        std::string text;
        const EventLook look{wait_.terminal.has_colour, platform::wall_now()};
        for (const api::EventMessage& event : events) {
            // That it was reloaded, and what that means, whoever asked for it has been told.
            if (event.kind == "project" && event.to == "reloaded") continue;
            text += render_event(event, look) + "\n";
        }
        return text.empty() || print(text);
    }

    int end(const Verdict& verdict) const {
        if (!wait_.is_silent) print(join_lines(verdict.done));
        for (const std::string& it : verdict.failed)
            complain(it);
        for (const std::string& culprit : verdict.culprits) {
            complain_with_last_lines(project_.place.paths, culprit, wait_.terminal);
        }
        return verdict.failed.empty() ? exit_done : exit_failed;
    }

    int give_up(const Verdict& verdict) const {
        if (!wait_.is_silent) print(join_lines(verdict.done));
        complain("gave up waiting after " + render_duration(wait_.timeout) + ":");
        for (const std::string& it : verdict.pending)
            complain(it);
        return exit_failed;
    }

    RunningProject& project_;
    const ChangeWait& wait_;
    TimePoint deadline_;
};

}  // namespace

int wait_for_change(RunningProject& project, const ChangeWait& wait, std::uint64_t cursor) {
    return Follower{project, wait}.run(cursor);
}

}  // namespace devstack::cli
