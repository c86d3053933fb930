#pragma once

#include "devstack/client/connection.hpp"
#include "devstack/platform/signal_watch.hpp"

#include "cli/find_project.hpp"
#include "cli/top/screen.hpp"
#include "cli/top/top_model.hpp"
#include "cli/top/usage_watch.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace devstack::cli {

/// How `devstack top` ended, to be told when the terminal is as it was.
struct TopEnd {
    int code = 0;
    std::string message;  ///< What went wrong; may be empty.
    int signal = 0;       ///< That ended it.
};

/// Carries between terminal, model and daemon. Never waits for an answer: requests go out, and the
/// answers are read when they are there. A daemon that is gone is looked for again, as that of
/// `logs -f`.
class TopSession {
public:
    TopSession(const ProjectPlace& place,
               const core::api::StateMessage& state,
               platform::SignalWatch& signals,
               Screen& screen);

    /// Until somebody leaves, or there is nothing to be seen any more.
    TopEnd run();

private:
    enum class Purpose { events, logs, state, command, why_events, why_logs };
    /// What has been asked, and is not answered yet.
    struct Question {
        Purpose purpose;
        client::Connection connection;
        std::string subject;  ///< A service, or the command.
        TimePoint asked_at;
    };

    void ask(Purpose purpose, const std::string& target, const std::string& subject = "");
    void ask_on(client::Connection connection,
                Purpose purpose,
                const std::string& target,
                const std::string& subject);
    std::string next_events() const;
    std::string next_logs() const;
    void begin_logs();
    void ask_state();
    void open_streams();
    void lose(const std::string& why);
    void try_again();

    void take_signals();
    void take_keys();
    void fulfil(const TopWish& wish);
    void send(const TopWish& wish);
    void take_replies();
    void take(Question question, const client::Reply& reply);
    void take_events(Question question, const std::string& body);
    void take_logs(Question question, const std::string& body);
    void take_state(const std::string& body);
    void take_command(const std::string& command, const client::Reply& reply);
    void take_why(Question question, const std::string& body);

    void look_at_clock();
    Duration until_next_look() const;
    void draw();
    bool has_probes() const;
    void end(int code, const std::string& message = "");

    ProjectPlace place_;
    platform::SignalWatch& signals_;
    Screen& screen_;
    TopModel model_;
    UsageWatch usage_;
    std::vector<Question> questions_;
    std::uint64_t event_cursor_ = 0;
    std::string log_cursor_;
    int full_answers_ = 0;  ///< In a row: there was more to come at once.
    bool is_state_due_ = false;
    std::vector<core::api::EventMessage> why_events_;
    TimePoint next_figures_;
    TimePoint next_state_;
    std::optional<TimePoint> next_try_;  ///< The daemon is gone, and is looked for then.
    std::size_t tries_ = 0;
    bool is_stopped_ = false;
    TimePoint drawn_at_;
    bool must_draw_ = true;
    bool must_draw_anew_ = false;
    std::optional<TopEnd> end_;
};

}  // namespace devstack::cli
