#include "cli/foreground.hpp"

#include "devstack/base/shown_path.hpp"
#include "devstack/base/text.hpp"
#include "devstack/cli/exit_code.hpp"
#include "devstack/core/api/query.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/platform/signal_watch.hpp"
#include "devstack/project/event_reader.hpp"
#include "devstack/project/log_reader.hpp"
#include "devstack/project/saved_secrets.hpp"

#include "cli/progress.hpp"
#include "cli/project_end.hpp"
#include "cli/service_names.hpp"
#include "cli/start_summary.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <utility>

namespace devstack::cli {

namespace {

using namespace std::chrono_literals;
namespace api = core::api;

constexpr Duration long_poll = 30s;
/// A start that takes longer than this is told what it waits for; then at doubling intervals.
constexpr Duration first_notice = 5s;
constexpr Duration stop_notice = 2s;
constexpr Duration first_reconnect = 1s;
constexpr int reconnects_max = 5;
/// A daemon that closes its connections because all is over takes no longer to end, as a rule.
constexpr Duration end_grace = 200ms;
/// While everything is being stopped nobody wants to wait longer than needed for the next daemon …
constexpr Duration stop_reconnect = 100ms;
/// … and after a second Ctrl-C hardly at all.
constexpr Duration kill_timeout = 1s;
/// After the last word of the daemon it has nothing more to do than to end.
constexpr Duration end_timeout = 10s;

}  // namespace

ForegroundView::ForegroundView(const Terminal& terminal,
                               const ChosenProfile& profile,
                               std::vector<std::string> services)
    : terminal_{terminal},
      line_{terminal},
      paths_{profile.paths},
      names_{names_of(profile.plan)},
      services_{std::move(services)},
      look_{prefix_width_for(names_), false, terminal.has_colour},
      begin_{platform::now()},
      next_notice_{begin_ + first_notice},
      notice_pause_{first_notice} {}

Status ForegroundView::remember_log_end() {
    project::LogQuery query;
    query.services = names_;
    query.tail = 0;
    query.now = platform::wall_now();
    const Result<project::LogAnswer> answer = project::read_logs(paths_.log_dir, query);
    if (!answer) return answer.error();
    log_cursor_ = answer->cursor.text();
    return ok();
}

// ---- The loop ----------------------------------------------------------------------------------

int ForegroundView::follow(Launched launched, std::uint64_t cursor) {
    event_cursor_ = cursor;
    if (terminal_.is_terminal) keys_ = KeyTerminal::open();
    std::vector<int> watched = {SIGINT, SIGTERM, SIGHUP};
    // Whoever has changed the terminal minds these too.
    if (keys_) watched.insert(watched.end(), {SIGTSTP, SIGCONT, SIGWINCH});
    platform::SignalWatch signals{watched};
    std::optional<Streams> streams;
    reopen(streams);
    look_whether_ready();  // Perhaps nothing has to happen any more.
    for (;;) {
        Turn turn = streams ? follow_streams(*streams, launched, signals) : Turn::lost;
        if (turn == Turn::lost) turn = reconnect(streams, launched, signals);
        if (turn != Turn::go_on) return leave(turn == Turn::finished);
    }
}

/// The exit code, after the last words. `is_on_purpose`: not because the daemon was lost.
int ForegroundView::leave(bool is_on_purpose) {
    line_.set("");
    if (is_on_purpose && !is_stopped_) return exit_done;
    if (is_stopped_ && processes_) processes_->await_end(end_timeout);
    show_rest();
    if (is_stopped_) return has_keeper_died_ ? exit_failed : exit_done;
    std::error_code ignored;
    if (!std::filesystem::exists(paths_.project_dir, ignored)) {
        line_.complain("the project's directory " + paths_.project_dir +
                       " was moved or removed, so everything was stopped");
        return exit_failed;
    }
    line_.complain(
        "the daemon is gone and does not come back; see daemon.log and daemon.stderr in " +
        shown_path(paths_.state_dir, paths_.project_dir));
    return exit_failed;
}

Result<ForegroundView::Streams> ForegroundView::open_streams() const {
    Result<client::Connection> events = client::Connection::open(paths_.control_socket());
    if (!events) return events.error();
    Result<client::Connection> logs = client::Connection::open(paths_.control_socket());
    if (!logs) return logs.error();
    Streams streams{std::move(*events), std::move(*logs)};
    if (const Status asked = ask_events(streams); !asked) return asked.error();
    if (const Status asked = ask_logs(streams); !asked) return asked.error();
    return streams;
}

Status ForegroundView::ask_events(Streams& streams) const {
    api::EventRequest request;
    request.after = event_cursor_;
    request.wait = long_poll;
    return streams.events.send_get(api::render_request(request));
}

Status ForegroundView::ask_logs(Streams& streams) const {
    api::LogRequest request;
    request.after = core::LogCursor::parse(log_cursor_);
    request.wait = long_poll;
    return streams.logs.send_get(api::render_request(request));
}

ForegroundView::Turn ForegroundView::follow_streams(Streams& streams,
                                                    Launched& launched,
                                                    platform::SignalWatch& signals) {
    for (;;) {
        if (tell_wish(launched) == Turn::lost) return Turn::lost;
        draw_progress();
        platform::wait_readable(
            {signals.fd(), streams.events.fd(), streams.logs.fd(), keys_ ? keys_->fd() : -1},
            until_next_notice());
        while (const std::optional<int> signal = signals.take()) {
            const Turn turn = take_signal(launched, *signal);
            if (turn != Turn::go_on) return turn;
        }
        if (const Turn turn = take_keys(launched, signals); turn != Turn::go_on) return turn;
        // Logs first: what a service said comes before what devstack says about it. But the last
        // event may be there when there is nobody any more to ask for logs.
        const Turn logs = take_logs(streams);
        const Turn events = take_events(streams);
        if (events != Turn::go_on) return events;
        if (logs != Turn::go_on) return logs;
        if (platform::now() >= next_notice_) show_pending();
    }
}

ForegroundView::Turn ForegroundView::take_logs(Streams& streams) {
    Result<std::optional<client::Reply>> reply = streams.logs.try_receive();
    if (!reply) return Turn::lost;
    if (!*reply) return Turn::go_on;
    const Result<api::LogsMessage> logs = api::parse_logs((*reply)->body);
    if (!logs) return Turn::lost;
    show_lines(logs->gaps, logs->lines);
    log_cursor_ = logs->cursor;
    return ask_logs(streams) ? Turn::go_on : Turn::lost;
}

ForegroundView::Turn ForegroundView::take_events(Streams& streams) {
    Result<std::optional<client::Reply>> reply = streams.events.try_receive();
    if (!reply) return Turn::lost;
    if (!*reply) return Turn::go_on;
    const Result<api::EventsMessage> events = api::parse_events((*reply)->body);
    if (!events) return Turn::lost;
    event_cursor_ = events->cursor;
    for (const api::EventMessage& event : events->events)
        show(event);
    if (is_stopped_) return Turn::finished;
    if (!events->events.empty()) look_whether_ready();
    return ask_events(streams) ? Turn::go_on : Turn::lost;
}

ForegroundView::Turn ForegroundView::take_signal(const Launched& launched, int signal) {
    if (keys_ && take_signal_of_terminal(signal)) return Turn::go_on;
    // As in a shell, it is first what is typed that Ctrl-C gives up.
    if (signal == SIGINT && prompt_) return prompt_.reset(), Turn::go_on;
    if (!launched.is_new) {
        say("left running; devstack down stops it");
        return Turn::finished;
    }
    if (signal == SIGHUP && !own_terminals_.have_hung_up()) {
        if (wish_.empty() && !is_stopping_) wish_ = "reload";
        return Turn::go_on;
    }
    const bool is_again = std::exchange(is_stopping_, true);
    if (terminal_.is_terminal && signal == SIGINT) print("\r");
    prompt_.reset();
    say(paint(is_again ? "killing what is left" : "stopping everything; Ctrl-C again kills at once",
              Style::bold,
              terminal_.has_colour));
    next_notice_ = platform::now() + stop_notice;
    notice_pause_ = stop_notice;
    wish_ = is_again ? "kill" : "shutdown";
    return Turn::go_on;
}

/// What was wished for while there was no daemon is told to the next one.
ForegroundView::Turn ForegroundView::tell_wish(Launched& launched) {
    if (wish_.empty()) return Turn::go_on;
    const auto reply = client::send_command(launched.connection, {wish_, {}});
    const bool is_refused = !reply && reply.error().kind == Error::Kind::invalid;
    if (!reply && !is_refused) return Turn::lost;
    // Mistakes in the profile: it is told again when they are mended.
    if (is_refused) line_.complain(reply.error().message);
    wish_.clear();
    return Turn::go_on;
}

/// Finished: somebody does not want to wait. Lost: there is nobody to be expected any more.
ForegroundView::Turn ForegroundView::reconnect(std::optional<Streams>& streams,
                                               const Launched& launched,
                                               platform::SignalWatch& signals) {
    streams.reset();
    Duration pause = first_reconnect;
    for (int attempt = 1; attempt <= reconnects_max && !is_stopping_; ++attempt, pause *= 2) {
        // Keeper and all: a daemon that has given the services to another keeper ends last.
        if (processes_ && processes_->await_end(end_grace)) {
            return reopen(streams) ? Turn::go_on : Turn::lost;
        }
        line_.complain("lost the daemon, reconnecting (" + std::to_string(attempt) + "/" +
                       std::to_string(reconnects_max) + ")");
        platform::wait_readable({signals.fd()}, pause);
        if (const std::optional<int> signal = signals.take()) {
            const Turn turn = take_signal(launched, *signal);
            if (turn != Turn::go_on) return turn;
        }
        if (reopen(streams)) return Turn::go_on;
    }
    return is_stopping_ ? reconnect_to_stop(streams, launched, signals) : Turn::lost;
}

/// The daemon has ended because all is over, or the keeper starts another one that has to be told.
ForegroundView::Turn ForegroundView::reconnect_to_stop(std::optional<Streams>& streams,
                                                       const Launched& launched,
                                                       platform::SignalWatch& signals) {
    const TimePoint begin = platform::now();
    while (platform::now() - begin < (wish_ == "kill" ? kill_timeout : end_timeout)) {
        if (reopen(streams)) return Turn::go_on;
        if (processes_ && processes_->await_end(stop_reconnect)) return Turn::lost;
        if (!processes_) platform::wait_readable({signals.fd()}, stop_reconnect);
        if (const std::optional<int> signal = signals.take()) take_signal(launched, *signal);
    }
    return Turn::lost;
}

bool ForegroundView::reopen(std::optional<Streams>& streams) {
    Result<Streams> opened = open_streams();
    if (!opened) return false;
    streams.emplace(std::move(*opened));
    if (const auto now = state()) processes_.emplace(*now);
    return true;
}

// ---- What is shown -----------------------------------------------------------------------------

void ForegroundView::show(const api::EventMessage& event) {
    if (event.kind == "project") {
        is_stopping_ = is_stopping_ || event.to == "stopping";
        is_stopped_ = is_stopped_ || event.to == "stopped";
        if (event.to == "reloaded") {
            remember_new_services();
            say(paint(event.why, Style::bold, terminal_.has_colour));
        }
        if (event.to == "keeper-died") {
            has_keeper_died_ = true;
            say(paint(event.why, Style::red, terminal_.has_colour));
        }
        if (is_stopped_)
            say(paint("everything has been stopped", Style::bold, terminal_.has_colour));
        return;
    }
    if (event.to == "starting") {
        if (const auto time = parse_timestamp(event.time, WallTime{})) {
            starting_since_[event.service] = *time;
        }
    }
    show_remark(event);
}

/// A reload may have brought some: what is left of the logs at the end is that of all.
void ForegroundView::remember_new_services() {
    const std::optional<api::StateMessage> now = state();
    if (!now) return;
    for (const api::ServiceState& service : now->services) {
        if (std::ranges::find(names_, service.name) == names_.end()) names_.push_back(service.name);
    }
}

void ForegroundView::show_remark(const api::EventMessage& event) {
    const bool is_silent = event.to == "starting" || event.to == "waiting" ||
                           (event.to == "stopped" && !is_stopping_) ||
                           (event.to == "stopping" && is_stopping_);
    if (is_silent) return;
    std::string text = paint(event.to, style_of_phase(event.to), terminal_.has_colour);
    if (event.to == "ready") {
        const auto since = starting_since_.find(event.service);
        const auto now = parse_timestamp(event.time, WallTime{});
        if (since != starting_since_.end() && now) {
            text += " after " + render_duration(*now - since->second);
        }
    }
    // Everybody knows by now why they stop.
    const std::size_t known = is_stopping_ ? event.why.find("; ") : std::string::npos;
    const std::string why = known == std::string::npos ? event.why : event.why.substr(known + 2);
    text += (text.empty() ? "" : ": ") + sane_text(why);
    remark(event.service, text);
}

/// What devstack says about a service, in the columns of the log.
void ForegroundView::remark(const std::string& service, const std::string& text) {
    const std::string name = pad(service, look_.prefix_width) + " * ";
    say(paint(name, style_of_service(service), look_.has_colour) + text);
}

void ForegroundView::show_lines(const std::vector<core::LogGap>& gaps,
                                const std::vector<core::LogLine>& lines) {
    std::string text;
    for_each_in_order(lines, gaps, [&](const auto& entry) { text += render(entry) + "\n"; });
    if (!text.empty()) line_.say(text);
}

std::string ForegroundView::render(const core::LogLine& line) const {
    return render_log_line(line, look_);
}

std::string ForegroundView::render(const core::LogGap& gap) const {
    return render_log_gap(gap, look_);
}

void ForegroundView::look_whether_ready() {
    const bool is_shown = keys_ && (is_stopping_ || !is_ready_told_);
    if ((is_ready_told_ || is_stopping_) && !is_shown) return;
    const std::optional<api::StateMessage> now = state();
    if (is_shown) show_progress(now);
    if (is_stopping_ || !now || !judge_progress(*now, services_).is_done()) return;
    is_ready_told_ = true;
    show_progress(std::nullopt);
    say(render_summary(*now, services_, platform::now() - begin_, terminal_));
    if (terminal_.is_terminal)
        say(paint(keys_ ? "Ctrl-C stops everything; ? shows what else can be pressed"
                        : "Ctrl-C stops everything",
                  Style::dim,
                  terminal_.has_colour));
}

void ForegroundView::show_pending() {
    notice_pause_ *= 2;
    next_notice_ = platform::now() + notice_pause_;
    if (is_ready_told_ && !is_stopping_) return;
    const std::optional<api::StateMessage> now = state();
    if (!now) return;
    const bool was_stopping = is_stopping_;
    for (const api::ServiceState& it : now->services) {
        const bool is_pending =
            was_stopping ? it.phase == "stopping"
                         : it.is_wanted && it.phase != "ready" && it.phase != "completed";
        if (is_pending) remark(it.name, it.why);
    }
}

/// From the files: the daemon has gone, and what it wrote last has not come over the wire.
void ForegroundView::show_rest() {
    show_rest_of_logs();
    project::EventQuery last;
    last.after = event_cursor_;
    const Result<project::EventAnswer> events = project::read_events(paths_.state_dir, last);
    if (!events) return;
    event_cursor_ = events->cursor;
    for (const api::EventMessage& event : events->events)
        show(event);
}

void ForegroundView::show_rest_of_logs() {
    project::LogQuery query;
    query.services = names_;
    query.secrets = project::load_saved_secrets(paths_.state_dir);
    query.now = platform::wall_now() + 1h;  // An unfinished last line is shown as it is.
    for (bool is_complete = false; !is_complete;) {
        query.after = core::LogCursor::parse(log_cursor_);
        const Result<project::LogAnswer> rest = project::read_logs(paths_.log_dir, query);
        if (!rest) return;
        show_lines(rest->gaps, rest->lines);
        log_cursor_ = rest->cursor.text();
        is_complete = rest->is_complete;
    }
}

std::optional<api::StateMessage> ForegroundView::state() const {
    Result<client::Connection> connection = client::Connection::open(paths_.control_socket());
    if (!connection) return std::nullopt;
    Result<api::StateMessage> state = client::fetch_state(*connection);
    if (!state) return std::nullopt;
    return std::move(*state);
}

Duration ForegroundView::until_next_notice() const {
    const Duration left = next_notice_ - platform::now();
    const bool has_to_notice = is_stopping_ || !is_ready_told_;
    // How long it takes is shown in seconds.
    const Duration wait = is_progress_due_ ? std::min<Duration>(left, 1s) : left;
    return has_to_notice ? std::max(wait, Duration::zero()) : Duration{1h};
}

}  // namespace devstack::cli
