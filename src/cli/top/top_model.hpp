#pragma once

#include "devstack/base/time.hpp"
#include "devstack/core/api/messages.hpp"

#include "cli/top/frame.hpp"
#include "cli/top/key.hpp"
#include "cli/top/line_edit.hpp"
#include "cli/top/log_pane.hpp"
#include "cli/top/text_page.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace devstack::cli {

/// What somebody wants who has pressed a key, and that the model can not do by itself.
struct TopWish {
    enum class Kind {
        command,   ///< Send `command`.
        show_log,  ///< Begin the log anew, with `service` alone or, if it is empty, with all.
        tell_why,  ///< Find out all there is about `service`, for `show_page`.
        redraw,
        leave,
    };
    Kind kind = Kind::leave;
    core::api::CommandRequest command;
    std::string service;
};

/// `devstack top` without terminal, clock and daemon: what happened and what was pressed goes in,
/// wishes and frames come out.
class TopModel {
public:
    TopModel(core::api::StateMessage state, TimePoint now, FrameSize size);

    void take_state(core::api::StateMessage state, TimePoint now);
    /// By service. They stay until the next ones.
    void take_usage(std::map<std::string, core::api::UsageState> usage);
    void take_events(const std::vector<core::api::EventMessage>& events);
    void take_logs(const core::api::LogsMessage& logs);
    /// Lines that came too fast will not be shown; those that come next follow a gap.
    void tell_left_out();
    /// In the place of hints: until the next key or, if all is well, for a few seconds.
    void tell(const std::string& message, bool is_bad);
    /// What is wrong with the way to the daemon, while it is; empty: nothing.
    void tell_trouble(const std::string& trouble) { trouble_ = trouble; }
    void show_page(const std::string& title, std::string_view text);

    /// True when something is to be seen no more. The next such moment: `next_deadline`.
    bool pass_time(TimePoint now);
    std::optional<TimePoint> next_deadline() const { return message_end_; }

    std::vector<TopWish> take_key(const Key& key);
    void resize(FrameSize size);

    const core::api::StateMessage& state() const { return state_; }
    /// The one whose log is shown alone; empty: all.
    const std::string& log_service() const { return log_service_; }
    /// Services that can be seen, and have a process: what figures are worth looking up for.
    std::vector<const core::api::ServiceState*> find_measured() const;

    Frame draw(TimePoint now) const;

private:
    enum class Arrangement { both, log_alone, table_alone };
    enum class Asking { pattern, signal };
    struct Prompt {
        Asking asking;
        LineEdit edit;
    };
    /// How many lines each part of the screen has.
    struct Shares {
        std::size_t rows = 0;    ///< Of services.
        std::size_t detail = 0;  ///< About the one that is selected.
        std::size_t log = 0;
    };

    Shares share() const;
    void settle();
    const core::api::ServiceState* selected() const;
    void select(std::ptrdiff_t steps);
    std::vector<TopWish> take_key_of_prompt(const Key& key);
    std::vector<TopWish> enter(const Prompt& prompt);
    bool take_key_of_log(const Key& key);
    bool take_key_of_table(const Key& key);
    std::vector<TopWish> take_letter(const Key& key);
    std::vector<TopWish> wish_command(const std::string& command);
    std::vector<TopWish> show_log_of(const std::string& service);
    void search(const std::string& pattern);
    void show_match(bool is_older);

    FrameLine draw_title() const;
    std::vector<FrameLine> draw_detail(std::size_t height) const;
    FrameLine draw_divider() const;
    FrameLine draw_footer() const;
    void draw_table(Frame& frame, TimePoint now) const;

    core::api::StateMessage state_;
    TimePoint state_at_;
    std::map<std::string, core::api::UsageState> usage_;
    LogPane log_;
    std::string log_service_;
    Arrangement arrangement_ = Arrangement::both;
    FrameSize size_;
    std::size_t selected_ = 0;
    std::size_t first_ = 0;  ///< Of the services to be seen.
    std::optional<TextPage> page_;
    std::optional<Prompt> prompt_;
    std::string message_;
    bool is_message_bad_ = false;
    bool is_message_new_ = false;
    std::optional<TimePoint> message_end_;
    bool is_page_of_needs_ = false;
    std::string trouble_;
};

}  // namespace devstack::cli
