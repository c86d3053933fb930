#include "devstack/base/text.hpp"
#include "devstack/cli/log_view.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/platform/signal_watch.hpp"
#include "devstack/project/log_reader.hpp"
#include "devstack/project/saved_secrets.hpp"

#include "cli/commands.hpp"
#include "cli/find_project.hpp"
#include "cli/service_names.hpp"
#include "cli/task_exit.hpp"

#include <chrono>
#include <csignal>

#include <unistd.h>

namespace devstack::cli {

namespace {

namespace api = core::api;
using namespace std::chrono_literals;

constexpr Duration poll_wait = 30s;

/// A task from its start to its end: its lines as they come, and then its exit code.
class TaskWatch {
public:
    TaskWatch(RunningProject& project,
              client::Connection events,
              const RunOptions& options,
              const Terminal& terminal)
        : project_{project},
          events_{std::move(events)},
          options_{options},
          look_{0, false, terminal.has_colour},
          signals_{{SIGINT, SIGTERM}},
          deadline_{platform::now() + options.timeout} {}

    /// Where its log ends before it starts: what comes after is the task's.
    Status remember_log_end() {
        project::LogQuery query = make_query();
        query.tail = 0;
        Result<project::LogAnswer> answer = project::read_logs(project_.place.paths.log_dir, query);
        if (!answer) return std::move(answer).error();
        log_cursor_ = std::move(answer->cursor);
        return ok();
    }

    int run(const api::CommandReply& reply, std::uint32_t run_before) {
        event_cursor_ = reply.cursor;
        run_before_ = run_before;
        Status asked = ask_events();
        while (asked) {
            const Result<api::StateMessage> state = client::fetch_state(project_.connection);
            if (!state) return fail(state.error());
            const api::ServiceState* const task = find_service(*state, options_.task);
            if (task == nullptr) break;
            if (!show_lines(false)) return exit_failed;
            if (const auto code = task_exit_code(*task, run_before_)) return end(*task, *code);
            asked = await();
            if (platform::now() >= deadline_) return give_up(*task);
        }
        return asked ? exit_no_such_service : fail(asked.error());
    }

private:
    project::LogQuery make_query() const {
        project::LogQuery query;
        query.services = {options_.task};
        query.secrets = project::load_saved_secrets(project_.place.paths.state_dir);
        query.now = platform::wall_now();
        return query;
    }

    /// Lines are looked at in the file: an event or a new line wakes us, whichever comes first.
    bool show_lines(bool is_last) {
        while (true) {
            project::LogQuery query = make_query();
            query.after = log_cursor_;
            if (is_last) query.now += core::limits::partial_line_delay;
            Result<project::LogAnswer> answer =
                project::read_logs(project_.place.paths.log_dir, query);
            if (!answer) return true;
            std::string text;
            for (const core::LogLine& line : answer->lines) {
                text += render_log_line(line, look_) + "\n";
            }
            log_cursor_ = std::move(answer->cursor);
            if (!text.empty() && !print(text)) return false;
            if (answer->is_complete) return true;
        }
    }

    Status ask_events() {
        api::EventRequest request;
        request.after = event_cursor_;
        request.services = {options_.task};
        request.wait = poll_wait;
        return events_.send_get(api::render_request(request));
    }

    /// Until something happens to the task, or it writes something, or the time is over.
    Status await() {
        Result<client::Connection> logs =
            client::Connection::open(project_.place.paths.control_socket());
        if (!logs) return std::move(logs).error();
        api::LogRequest request;
        request.services = {options_.task};
        request.after = log_cursor_;
        request.limit = 1;
        request.wait = poll_wait;
        Status asked = logs->send_get(api::render_request(request));
        if (!asked) return asked;
        platform::wait_readable({events_.fd(), logs->fd(), signals_.fd()},
                                std::max<Duration>(deadline_ - platform::now(), 0ns));
        if (signals_.take()) return stop_task();
        Result<std::optional<client::Reply>> reply = events_.try_receive();
        if (!reply) return std::move(reply).error();
        if (!*reply) return ok();
        const Result<api::EventsMessage> events = api::parse_events((*reply)->body);
        if (!events) return events.error();
        event_cursor_ = events->cursor;
        return ask_events();
    }

    /// Ctrl-C is meant for the task, which is not in our group. A second one leaves it alone.
    Status stop_task() {
        if (is_interrupted_) return Error{Error::Kind::system, "left; the task is being stopped"};
        is_interrupted_ = true;
        complain("stopping " + options_.task + "; once more leaves without waiting for it");
        const auto reply = client::send_command(project_.connection, {"stop", {options_.task}, 0});
        return reply ? ok() : Status{reply.error()};
    }

    int end(const api::ServiceState& task, int code) {
        if (!show_lines(true)) return exit_failed;
        if (is_interrupted_) return exit_interrupted;
        if (code != 0) complain(sentence_of(task));
        return code;
    }

    int give_up(const api::ServiceState& task) const {
        complain("gave up waiting after " + render_duration(options_.timeout) +
                 "; it goes on: " + sentence_of(task));
        return exit_failed;
    }

    RunningProject& project_;
    client::Connection events_;
    const RunOptions& options_;
    LogLook look_;
    platform::SignalWatch signals_;
    TimePoint deadline_;
    core::LogCursor log_cursor_;
    std::uint64_t event_cursor_ = 0;
    std::uint32_t run_before_ = 0;
    bool is_interrupted_ = false;
};

}  // namespace

int run_run(const Common& common, const RunOptions& options) {
    Result<RunningProject> project = reach_project(common);
    if (!project) return fail(project.error());
    const Result<api::StateMessage> state = fetch_state(*project);
    if (!state) return fail(state.error());
    if (const auto unknown = find_unknown({options.task}, names_of(*state))) {
        complain(*unknown);
        return exit_no_such_service;
    }
    const api::ServiceState& task = *find_service(*state, options.task);
    if (task.kind != "task") {
        complain(task.name +
                 " is a service, which does not come to an end by itself; bring it up "
                 "with `devstack start " +
                 task.name + "`");
        return exit_usage;
    }
    Result<client::Connection> events =
        client::Connection::open(project->place.paths.control_socket());
    if (!events) return fail(events.error());
    TaskWatch watch{
        *project, std::move(*events), options, examine_terminal(STDOUT_FILENO, common.colour)};
    if (Status remembered = watch.remember_log_end(); !remembered) return fail(remembered.error());
    // One that runs already is not started twice: then we see the rest of it.
    const bool is_running = task.pid != 0;
    const Result<api::CommandReply> reply =
        client::send_command(project->connection, {"start", {options.task}, 0});
    if (!reply) return fail(reply.error());
    return watch.run(*reply, is_running ? task.run - 1 : task.run);
}

}  // namespace devstack::cli
