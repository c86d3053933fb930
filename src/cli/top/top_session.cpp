#include "cli/top/top_session.hpp"

#include "devstack/base/text.hpp"
#include "devstack/cli/log_view.hpp"
#include "devstack/core/api/query.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/project/ledger_file.hpp"

#include "cli/project_end.hpp"
#include "cli/service_names.hpp"
#include "cli/why_view.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <utility>

namespace devstack::cli {

namespace {

namespace api = core::api;
using namespace std::chrono_literals;

/// The only thing that an idle `top` makes the daemon do: to answer that nothing happened.
constexpr Duration long_poll = 30s;
/// Of CPU, memory and uptime, which no event announces; looked up here, not by the daemon.
constexpr Duration figures_interval = 2s;
/// Of the answers of probes, which are no events either. Only where there are any: then the daemon
/// is awake for them anyway.
constexpr Duration probes_interval = 5s;
/// From then on it is told that there is no answer.
constexpr Duration answer_patience = 3s;
/// A daemon that has died is there again after a tenth of a second, as a rule.
constexpr std::array<Duration, 6> try_pauses = {200ms, 1s, 2s, 4s, 8s, 16s};
/// However much a service writes, nobody reads faster.
constexpr Duration draw_interval = 40ms;
constexpr std::size_t log_tail = 2000;
/// Of one answer, so that keys do not wait long for its lines to be taken in …
constexpr std::size_t log_lines_max = 1000;
/// … and with so many full ones in a row more is written than can be taken in.
constexpr int full_answers_max = 6;
constexpr std::size_t why_events_shown = 5;
constexpr std::size_t why_lines_shown = 10;

}  // namespace

TopSession::TopSession(const ProjectPlace& place,
                       const api::StateMessage& state,
                       platform::SignalWatch& signals,
                       Screen& screen)
    : place_{place},
      signals_{signals},
      screen_{screen},
      model_{state, platform::now(), screen.size()},
      event_cursor_{state.cursor},
      next_figures_{platform::now()},
      next_state_{platform::now() + probes_interval} {}

TopEnd TopSession::run() {
    open_streams();
    while (!end_) {
        look_at_clock();
        draw();
        std::vector<int> descriptors = {Screen::fd(), signals_.fd()};
        for (const Question& question : questions_)
            descriptors.push_back(question.connection.fd());
        platform::wait_readable(descriptors, until_next_look());
        take_signals();
        if (!end_) take_keys();
        if (!end_) take_replies();
    }
    return *end_;
}

void TopSession::draw() {
    const TimePoint now = platform::now();
    const bool is_soon = now - drawn_at_ < draw_interval;
    if (is_soon || !(must_draw_ || must_draw_anew_)) return;
    const Frame frame = model_.draw(now);
    must_draw_anew_ ? screen_.show_anew(frame) : screen_.show(frame);
    must_draw_ = must_draw_anew_ = false;
    drawn_at_ = now;
}

void TopSession::end(int code, const std::string& message) {
    if (!end_) end_ = TopEnd{code, message, 0};
}

// ---- Asking ------------------------------------------------------------------------------------

void TopSession::ask(Purpose purpose, const std::string& target, const std::string& subject) {
    Result<client::Connection> connection = client::Connection::open(place_.paths.control_socket());
    if (!connection) return lose(connection.error().message);
    ask_on(std::move(*connection), purpose, target, subject);
}

void TopSession::ask_on(client::Connection connection,
                        Purpose purpose,
                        const std::string& target,
                        const std::string& subject) {
    const Status sent = connection.send_get(target);
    if (!sent) return lose(sent.error().message);
    questions_.push_back({purpose, std::move(connection), subject, platform::now()});
}

std::string TopSession::next_events() const {
    api::EventRequest request;
    request.after = event_cursor_;
    request.wait = long_poll;
    return api::render_request(request);
}

std::string TopSession::next_logs() const {
    api::LogRequest request;
    if (!model_.log_service().empty()) request.services = {model_.log_service()};
    request.after = log_cursor_.empty() ? std::nullopt : core::LogCursor::parse(log_cursor_);
    if (!request.after) request.tail = log_tail;
    if (request.after) request.wait = long_poll;
    request.limit = log_lines_max;
    return api::render_request(request);
}

/// That of another service, or of all: what was asked before is of no interest any more.
void TopSession::begin_logs() {
    std::erase_if(questions_, [](const Question& it) { return it.purpose == Purpose::logs; });
    full_answers_ = 0;
    log_cursor_.clear();
    ask(Purpose::logs, next_logs());
}

void TopSession::ask_state() {
    const bool is_asked = std::ranges::any_of(
        questions_, [](const Question& it) { return it.purpose == Purpose::state; });
    is_state_due_ = is_asked;
    if (!is_asked) ask(Purpose::state, api::render_request(api::StateRequest{}));
}

void TopSession::open_streams() {
    ask(Purpose::events, next_events());
    if (!next_try_) ask(Purpose::logs, next_logs());
    if (!next_try_) ask_state();
}

/// The daemon is gone: all that was asked is lost, what is seen stays.
void TopSession::lose(const std::string& why) {
    questions_.clear();
    must_draw_ = true;
    if (end_ || next_try_) return;
    if (is_stopped_ || has_ended(place_)) {
        return end(exit_done, place_.shown_name() + " has been stopped");
    }
    const bool is_hopeless = tries_ > 0 && !project::find_living_keeper(place_.paths.state_dir);
    if (is_hopeless || tries_ == try_pauses.size()) {
        return end(exit_failed,
                   "the daemon of " + place_.shown_name() + " is gone and does not come back (" +
                       why + "); see daemon.log and daemon.stderr in " + place_.paths.state_dir);
    }
    const Duration pause = try_pauses[tries_++];
    next_try_ = platform::now() + pause;
    model_.tell_trouble("lost the daemon; trying again in " + render_duration(pause) + " (" +
                        std::to_string(tries_) + " of " + std::to_string(try_pauses.size()) + ")");
}

void TopSession::try_again() {
    next_try_.reset();
    must_draw_ = true;
    open_streams();
}

// ---- What comes in -----------------------------------------------------------------------------

void TopSession::take_signals() {
    while (const std::optional<int> signal = signals_.take()) {
        must_draw_ = true;
        if (*signal == SIGWINCH) {
            screen_.adapt();
            model_.resize(screen_.size());
        } else if (*signal == SIGTSTP) {
            screen_.suspend();
            model_.resize(screen_.size());
            must_draw_anew_ = true;
        } else if (*signal == SIGCONT) {
            must_draw_anew_ = true;
        } else if (*signal == SIGINT) {
            for (const TopWish& wish : model_.take_key({Key::Kind::control, "c"}))
                fulfil(wish);
        } else {
            end_ = TopEnd{128 + *signal, "", *signal};
        }
    }
}

void TopSession::take_keys() {
    while (const std::optional<Key> key = screen_.take_key()) {
        must_draw_ = true;
        for (const TopWish& wish : model_.take_key(*key))
            fulfil(wish);
    }
    if (Screen::is_gone()) end(exit_failed, "the terminal is gone");
}

void TopSession::fulfil(const TopWish& wish) {
    switch (wish.kind) {
        case TopWish::Kind::leave: return end(exit_done);
        case TopWish::Kind::redraw: must_draw_anew_ = true; return;
        case TopWish::Kind::command: return send(wish);
        case TopWish::Kind::show_log:
            if (!next_try_) begin_logs();
            return;
        case TopWish::Kind::tell_why: {
            if (next_try_) return model_.tell("there is no daemon to ask", true);
            api::EventRequest request;
            request.tail = why_events_shown;
            request.services = {wish.service};
            return ask(Purpose::why_events, api::render_request(request), wish.service);
        }
    }
}

void TopSession::send(const TopWish& wish) {
    Result<client::Connection> connection = client::Connection::open(place_.paths.control_socket());
    const Status sent = connection
                            ? connection->send_post("/v1/commands", api::to_text(wish.command))
                            : Status{connection.error()};
    if (!sent) return model_.tell(sent.error().message, true);
    questions_.push_back({Purpose::command,
                          std::move(*connection),
                          wish.command.command + " of " + wish.service,
                          platform::now()});
}

void TopSession::take_replies() {
    // Answers make new questions: those are looked at the next time.
    std::vector<Question> asked = std::exchange(questions_, {});
    // Logs first: what a service said comes before what devstack says about it.
    std::stable_partition(
        asked.begin(), asked.end(), [](const Question& it) { return it.purpose == Purpose::logs; });
    for (Question& question : asked) {
        Result<std::optional<client::Reply>> reply = question.connection.try_receive();
        if (!reply && question.purpose == Purpose::command) {
            model_.tell(question.subject + " may not have come through: " + reply.error().message,
                        true);
            must_draw_ = true;
        } else if (!reply) {
            return lose(reply.error().message);
        } else if (!*reply) {
            questions_.push_back(std::move(question));
        } else {
            take(std::move(question), **reply);
            if (next_try_ || end_) return;
        }
    }
}

void TopSession::take(Question question, const client::Reply& reply) {
    must_draw_ = true;
    if (question.purpose == Purpose::command) return take_command(question.subject, reply);
    if (const Status good = client::check_reply(reply); !good) {
        return lose(good.error().message);
    }
    tries_ = 0;
    model_.tell_trouble("");
    switch (question.purpose) {
        case Purpose::events: return take_events(std::move(question), reply.body);
        case Purpose::logs: return take_logs(std::move(question), reply.body);
        case Purpose::state: return take_state(reply.body);
        case Purpose::why_events:
        case Purpose::why_logs: return take_why(std::move(question), reply.body);
        case Purpose::command: return;
    }
}

void TopSession::take_events(Question question, const std::string& body) {
    const Result<api::EventsMessage> events = api::parse_events(body);
    if (!events) return lose(events.error().message);
    event_cursor_ = events->cursor;
    model_.take_events(events->events);
    for (const api::EventMessage& event : events->events) {
        if (event.kind == "project" && event.to == "stopped") is_stopped_ = true;
    }
    if (is_stopped_) return lose("it has ended");
    if (!events->events.empty()) ask_state();
    if (next_try_) return;
    ask_on(std::move(question.connection), Purpose::events, next_events(), "");
}

void TopSession::take_logs(Question question, const std::string& body) {
    const Result<api::LogsMessage> logs = api::parse_logs(body);
    if (!logs) return lose(logs.error().message);
    model_.take_logs(*logs);
    log_cursor_ = logs->cursor;
    full_answers_ = logs->is_complete ? 0 : full_answers_ + 1;
    if (full_answers_ > full_answers_max) {
        // Who looks at it wants to see what is written now.
        full_answers_ = 0;
        log_cursor_.clear();
        model_.tell_left_out();
    }
    ask_on(std::move(question.connection), Purpose::logs, next_logs(), "");
}

void TopSession::take_state(const std::string& body) {
    Result<api::StateMessage> state = api::parse_state(body);
    if (!state) return lose(state.error().message);
    place_.name = state->project;
    next_state_ = platform::now() + probes_interval;
    model_.take_state(std::move(*state), platform::now());
    if (is_state_due_) ask_state();
}

void TopSession::take_command(const std::string& command, const client::Reply& reply) {
    if (const Status good = client::check_reply(reply); !good) {
        model_.tell(command + ": " + good.error().message, true);
    }
}

void TopSession::take_why(Question question, const std::string& body) {
    if (question.purpose == Purpose::why_events) {
        const Result<api::EventsMessage> events = api::parse_events(body);
        why_events_ = events ? events->events : std::vector<api::EventMessage>{};
        api::LogRequest request;
        request.tail = why_lines_shown;
        request.services = {question.subject};
        return ask_on(std::move(question.connection),
                      Purpose::why_logs,
                      api::render_request(request),
                      question.subject);
    }
    const api::ServiceState* const service = find_service(model_.state(), question.subject);
    if (service == nullptr) return;
    const Result<api::LogsMessage> logs = api::parse_logs(body);
    WhyView view{*service, model_.state()};
    view.events = why_events_;
    for (const core::LogLine& line : logs ? logs->lines : std::vector<core::LogLine>{})
        view.last_lines += "  " + render_log_line(line, {0, false, true}) + "\n";
    model_.show_page("why " + question.subject, render_why(view, true));
}

// ---- The clock ---------------------------------------------------------------------------------

bool TopSession::has_probes() const {
    return std::ranges::any_of(model_.state().services, [](const api::ServiceState& it) {
        return it.pid != 0 && !it.health.probe.empty();
    });
}

void TopSession::look_at_clock() {
    const TimePoint now = platform::now();
    if (model_.pass_time(now)) must_draw_ = true;
    if (next_try_ && now >= *next_try_) try_again();
    if (now >= next_figures_) {
        next_figures_ = now + figures_interval;
        const auto measured = model_.find_measured();
        if (!measured.empty()) {
            model_.take_usage(usage_.look(model_.state(), measured));
            must_draw_ = true;
        }
    }
    if (next_try_) return;
    if (now >= next_state_) {
        next_state_ = now + probes_interval;
        if (has_probes()) ask_state();
    }
    for (const Question& it : questions_) {
        const bool is_late = it.purpose != Purpose::events && it.purpose != Purpose::logs &&
                             now - it.asked_at >= answer_patience;
        if (!is_late) continue;
        must_draw_ = true;
        model_.tell_trouble(
            "the daemon has not answered for " +
            render_duration(std::chrono::floor<std::chrono::seconds>(now - it.asked_at)));
        break;
    }
}

/// Without anything to look at there is nothing to wake up for.
Duration TopSession::until_next_look() const {
    const TimePoint now = platform::now();
    if (must_draw_ || must_draw_anew_) {
        return std::max(draw_interval - (now - drawn_at_), Duration::zero());
    }
    Duration wait = 1h;
    if (const auto forgotten = model_.next_deadline()) wait = *forgotten - now;
    if (!model_.find_measured().empty()) wait = std::min(wait, next_figures_ - now);
    if (next_try_) return std::max(std::min(wait, *next_try_ - now), Duration::zero());
    if (has_probes()) wait = std::min(wait, next_state_ - now);
    const bool is_waiting = std::ranges::any_of(questions_, [](const Question& it) {
        return it.purpose != Purpose::events && it.purpose != Purpose::logs;
    });
    if (is_waiting) wait = std::min<Duration>(wait, 1s);
    return std::max(wait, Duration::zero());
}

}  // namespace devstack::cli
