#include "devstack/base/text.hpp"
#include "devstack/cli/exit_code.hpp"
#include "devstack/platform/clock.hpp"

#include "cli/foreground.hpp"
#include "cli/progress.hpp"
#include "cli/service_names.hpp"
#include "cli/status_view.hpp"
#include "cli/top/top_session.hpp"
#include "cli/why_view.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

#include <unistd.h>

// What `up` offers on a terminal beside its log: keys, and a line below it about how far things
// are. The log goes on meanwhile.

namespace devstack::cli {

namespace {

using namespace std::chrono_literals;
namespace api = core::api;

constexpr std::size_t found_lines_max = 50;
constexpr std::size_t why_events_shown = 5;

constexpr std::string_view keys_help =
    "  r, s, x   restart, start or stop a service: its name is asked for, tab completes it\n"
    "  y         why is a service as it is?\n"
    "  l         list all services\n"
    "  /         search the log for a regular expression\n"
    "  t         devstack top: everything on the whole screen; q comes back\n"
    "  d         leave everything running, and return to the shell\n"
    "  enter     an empty line, to see what is new\n"
    "  Ctrl-C    stop everything\n";

/// The service that `r` and the like ask for.
const char* question_of(char key) {
    switch (key) {
        case 'r': return "restart which service? ";
        case 's': return "start which service? ";
        case 'x': return "stop which service? ";
        case 'y': return "why is it as it is, which service? ";
        default: return "search the log for: ";
    }
}

const char* command_of(char key) {
    return key == 'r' ? "restart" : key == 's' ? "start" : "stop";
}

}  // namespace

// ---- Keys --------------------------------------------------------------------------------------

bool ForegroundView::take_signal_of_terminal(int signal) {
    if (signal == SIGTSTP) keys_->suspend();
    if (signal == SIGCONT) keys_->resume();
    if (signal != SIGTSTP && signal != SIGCONT && signal != SIGWINCH) return false;
    line_.redraw();
    return true;
}

ForegroundView::Turn ForegroundView::take_keys(Launched& launched, platform::SignalWatch& signals) {
    if (!keys_) return Turn::go_on;
    for (const Key& key : keys_->take()) {
        const Turn turn = take_key(key, launched, signals);
        if (turn != Turn::go_on) return turn;
    }
    return Turn::go_on;
}

ForegroundView::Turn ForegroundView::take_key(const Key& key,
                                              Launched& launched,
                                              platform::SignalWatch& signals) {
    if (prompt_) return take_key_of_prompt(key), Turn::go_on;
    if (key.kind == Key::Kind::enter) line_.say("\n");
    if (key.is("?") || key.is("h")) line_.say(keys_help);
    if (key.is("l")) show_services();
    for (const char* letter : {"r", "s", "x", "y", "/"}) {
        if (key.is(letter)) begin_prompt(*letter);
    }
    if (key.is("t")) return show_top(launched, signals);
    if (!key.is("d") || is_stopping_) return Turn::go_on;
    launched.keep_running();
    say("left running; devstack down stops it");
    return Turn::finished;
}

void ForegroundView::begin_prompt(char key) {
    prompt_.emplace(
        Prompt{key, LineEdit{question_of(key), key == '/' ? std::vector<std::string>{} : names_}});
}

void ForegroundView::take_key_of_prompt(const Key& key) {
    const LineEdit::Outcome outcome = prompt_->edit.take(key);
    if (outcome == LineEdit::Outcome::going_on) return;
    const Prompt prompt = std::move(*prompt_);
    prompt_.reset();
    const std::string& text = prompt.edit.text();
    if (outcome == LineEdit::Outcome::given_up || text.empty()) return;
    if (prompt.key == '/') return search_log(text);
    if (const auto unknown = find_unknown({text}, names_)) return line_.complain(*unknown);
    if (prompt.key == 'y') return tell_why(text);
    send_command(command_of(prompt.key), text);
}

void ForegroundView::send_command(const std::string& command, const std::string& service) {
    Result<client::Connection> connection = client::Connection::open(paths_.control_socket());
    if (!connection) return line_.complain(connection.error().message);
    const auto reply = client::send_command(*connection, {command, {service}});
    if (!reply) {
        return line_.complain(command + " of " + service + ": " + reply.error().message);
    }
    say(paint(
        command + " of " + service + " has been asked for", Style::bold, terminal_.has_colour));
}

void ForegroundView::search_log(const std::string& pattern) {
    api::LogRequest request;
    request.pattern = pattern;
    request.tail = found_lines_max;
    Result<client::Connection> connection = client::Connection::open(paths_.control_socket());
    if (!connection) return line_.complain(connection.error().message);
    const Result<api::LogsMessage> found = client::fetch_logs(*connection, request);
    if (!found) return line_.complain(found.error().message);
    const auto rule = [&](const std::string& text) {
        say(paint("--- " + text + " ---", Style::bold, terminal_.has_colour));
    };
    if (found->lines.empty()) return rule("nothing in the log matches " + pattern);
    const bool is_all = found->lines.size() < found_lines_max;
    rule((is_all ? "" : "the last ") + count_of(found->lines.size(), "line") + " with " + pattern);
    show_lines({}, found->lines);
    rule("the log goes on");
}

void ForegroundView::tell_why(const std::string& name) {
    const std::optional<api::StateMessage> now = state();
    const api::ServiceState* const service = now ? find_service(*now, name) : nullptr;
    if (service == nullptr) return line_.complain("the daemon does not tell");
    WhyView view{*service, *now};
    api::EventRequest request;
    request.tail = why_events_shown;
    request.services = {name};
    if (auto connection = client::Connection::open(paths_.control_socket())) {
        const auto events = client::fetch_events(*connection, request);
        if (events) view.events = events->events;
    }
    line_.say(render_why(view, terminal_.has_colour));
}

void ForegroundView::show_services() {
    const std::optional<api::StateMessage> now = state();
    if (!now) return line_.complain("the daemon does not answer");
    Terminal terminal = terminal_;
    terminal.width = platform::terminal_width(STDOUT_FILENO);
    line_.say(render_status(*now, terminal));
}

/// The log waits in its stream until one comes back.
ForegroundView::Turn ForegroundView::show_top(const Launched& launched,
                                              platform::SignalWatch& signals) {
    const std::optional<api::StateMessage> now = state();
    if (!now) return line_.complain("the daemon does not answer"), Turn::go_on;
    keys_->release();
    TopEnd end;
    {
        Result<std::unique_ptr<Screen>> screen = Screen::open(terminal_.has_colour);
        if (screen) {
            end = TopSession{{now->project, paths_}, *now, signals, **screen}.run();
        } else {
            end.message = screen.error().message;
        }
    }
    keys_->resume();
    if (!end.message.empty()) line_.complain(end.message);
    line_.redraw();
    return end.signal != 0 ? take_signal(launched, end.signal) : Turn::go_on;
}

// ---- Progress ----------------------------------------------------------------------------------

void ForegroundView::show_progress(const std::optional<api::StateMessage>& state) {
    const bool was_due = std::exchange(is_progress_due_, false);
    progress_.clear();
    if (!state || (is_ready_told_ && !is_stopping_)) return;
    std::vector<std::string> pending;
    if (is_stopping_) {
        for (const api::ServiceState& it : state->services) {
            if (it.pid != 0) pending.push_back(it.name);
        }
        if (!pending.empty()) progress_ = "stopping " + join(pending, ", ");
    } else {
        const Progress progress = judge_progress(*state, services_);
        const std::size_t all =
            progress.settled.size() + progress.pending.size() + progress.failed.size();
        for (const api::ServiceState& it : progress.failed)
            progress_ += ", " + paint(it.name + " " + it.phase, Style::red, terminal_.has_colour);
        for (const api::ServiceState& it : progress.pending)
            pending.push_back(it.name + " " + it.phase);
        if (!pending.empty()) progress_ += ", " + join(pending, ", ");
        progress_ = std::to_string(progress.settled.size()) + " of " + std::to_string(all) +
                    " ready" + progress_;
    }
    is_progress_due_ = !pending.empty();
    if (is_progress_due_ && !was_due) progress_begin_ = platform::now();
}

void ForegroundView::draw_progress() {
    if (prompt_) return line_.set(prompt_->edit.shown());
    if (progress_.empty() || !keys_) return line_.set("");
    std::string text;
    if (is_progress_due_) {
        const auto elapsed =
            std::chrono::floor<std::chrono::seconds>(platform::now() - progress_begin_);
        text = pad(render_duration(elapsed), 5);
    }
    line_.set(paint(text, Style::dim, terminal_.has_colour) + progress_);
}

}  // namespace devstack::cli
