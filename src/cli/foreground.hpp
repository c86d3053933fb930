#pragma once

#include "devstack/cli/log_view.hpp"
#include "devstack/cli/terminal.hpp"
#include "devstack/core/api/messages.hpp"
#include "devstack/platform/signal_watch.hpp"
#include "devstack/platform/terminal.hpp"

#include "cli/key_terminal.hpp"
#include "cli/launch.hpp"
#include "cli/live_line.hpp"
#include "cli/project_end.hpp"
#include "cli/top/line_edit.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace devstack::cli {

/// `devstack up` in the foreground: one log of everything with devstack's own remarks in it, until
/// everything has been stopped. The first Ctrl-C stops everything, the second one kills; a SIGHUP
/// that is not the end of the terminal reloads. When somebody else had brought the project up,
/// signals and the end of the terminal only leave. On a terminal it offers keys, and tells below
/// the log how far things are (foreground_keys.cpp).
class ForegroundView {
public:
    ForegroundView(const Terminal& terminal,
                   const ChosenProfile& profile,
                   std::vector<std::string> services);

    /// What was logged before is not shown.
    Status remember_log_end();

    /// Returns the exit code.
    int follow(Launched launched, std::uint64_t cursor);

private:
    enum class Turn { go_on, finished, lost };

    struct Streams {
        client::Connection events;
        client::Connection logs;
    };
    Result<Streams> open_streams() const;
    Turn follow_streams(Streams& streams, Launched& launched, platform::SignalWatch& signals);
    int leave(bool is_on_purpose);
    Status ask_events(Streams& streams) const;
    Status ask_logs(Streams& streams) const;
    Turn take_events(Streams& streams);
    Turn take_logs(Streams& streams);
    Turn take_signal(const Launched& launched, int signal);
    bool take_signal_of_terminal(int signal);
    Turn tell_wish(Launched& launched);
    void remember_new_services();
    Turn reconnect(std::optional<Streams>& streams,
                   const Launched& launched,
                   platform::SignalWatch& signals);
    Turn reconnect_to_stop(std::optional<Streams>& streams,
                           const Launched& launched,
                           platform::SignalWatch& signals);
    bool reopen(std::optional<Streams>& streams);

    /// What a prompt asks for, by the key that has opened it.
    struct Prompt {
        char key;
        LineEdit edit;
    };
    Turn take_keys(Launched& launched, platform::SignalWatch& signals);
    Turn take_key(const Key& key, Launched& launched, platform::SignalWatch& signals);
    void take_key_of_prompt(const Key& key);
    void begin_prompt(char key);
    void send_command(const std::string& command, const std::string& service);
    void search_log(const std::string& pattern);
    void tell_why(const std::string& name);
    void show_services();
    Turn show_top(const Launched& launched, platform::SignalWatch& signals);
    void show_progress(const std::optional<core::api::StateMessage>& state);
    void draw_progress();

    void show(const core::api::EventMessage& event);
    void show_remark(const core::api::EventMessage& event);
    void say(const std::string& line) { line_.say(line + "\n"); }
    void remark(const std::string& service, const std::string& text);
    void show_pending();
    void show_rest();
    void show_rest_of_logs();
    void show_lines(const std::vector<core::LogGap>& gaps, const std::vector<core::LogLine>& lines);
    std::string render(const core::LogLine& line) const;
    std::string render(const core::LogGap& gap) const;
    void look_whether_ready();
    std::optional<core::api::StateMessage> state() const;
    Duration until_next_notice() const;

    Terminal terminal_;
    LiveLine line_;
    std::unique_ptr<KeyTerminal> keys_;  ///< Null without a terminal.
    std::optional<Prompt> prompt_;
    std::string progress_;          ///< What is still to come; empty: nothing is awaited.
    bool is_progress_due_ = false;  ///< It is, and shows how long that takes.
    TimePoint progress_begin_;
    platform::OwnTerminals own_terminals_;
    project::ProjectPaths paths_;
    std::vector<std::string> names_;     ///< Of all services, for the log.
    std::vector<std::string> services_;  ///< That were asked for; empty: all.
    LogLook look_;
    std::string log_cursor_;
    std::uint64_t event_cursor_ = 0;
    TimePoint begin_;
    TimePoint next_notice_;
    Duration notice_pause_;
    std::map<std::string, WallTime> starting_since_;
    std::optional<ProjectProcesses> processes_;
    std::string wish_;  ///< A command that no daemon has taken yet; empty: none.
    bool is_ready_told_ = false;
    bool is_stopping_ = false;
    bool is_stopped_ = false;
    bool has_keeper_died_ = false;  ///< That is why everything is stopped.
};

}  // namespace devstack::cli
