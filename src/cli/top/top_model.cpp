#include "cli/top/top_model.hpp"

#include "devstack/base/signal_name.hpp"
#include "devstack/base/text.hpp"
#include "devstack/cli/log_view.hpp"

#include "cli/service_names.hpp"
#include "cli/top/needs_view.hpp"
#include "cli/top/top_help.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

// What happens to the model. How it is drawn is in top_draw.cpp.

namespace devstack::cli {

namespace {

namespace api = core::api;

constexpr std::ptrdiff_t shift_columns = 16;
/// Long enough to be read.
constexpr Duration message_time = std::chrono::seconds{6};

}  // namespace

TopModel::TopModel(api::StateMessage state, TimePoint now, FrameSize size)
    : state_{std::move(state)}, state_at_{now}, size_{size} {
    settle();
}

void TopModel::take_state(api::StateMessage state, TimePoint now) {
    const api::ServiceState* const before = selected();
    const std::string name = before == nullptr ? "" : before->name;
    state_ = std::move(state);
    state_at_ = now;
    // A reload may have moved it.
    const auto it = std::ranges::find(state_.services, name, &api::ServiceState::name);
    if (it != state_.services.end()) {
        selected_ = static_cast<std::size_t>(it - state_.services.begin());
    }
    if (page_ && is_page_of_needs_) page_->replace(render_needs_tree(state_));
    settle();
}

void TopModel::take_usage(std::map<std::string, api::UsageState> usage) {
    usage_ = std::move(usage);
}

void TopModel::take_events(const std::vector<api::EventMessage>& events) {
    for (const api::EventMessage& event : events) {
        const bool is_silent = event.to == "starting" || event.to == "waiting";
        const bool is_shown = log_service_.empty() || log_service_ == event.service;
        if (is_silent || !is_shown || event.service.empty()) continue;
        const auto time = parse_timestamp(event.time, WallTime{});
        std::string text = paint(event.to, style_of_phase(event.to), true);
        if (!event.why.empty()) text += (text.empty() ? "" : ": ") + sane_text(event.why);
        log_.add_remark(event.service, time ? *time : WallTime{}, text);
    }
}

void TopModel::take_logs(const api::LogsMessage& logs) {
    log_.add(logs);
}

void TopModel::tell_left_out() {
    log_.add_remark("",
                    WallTime{},
                    paint("... more is written than can be shown: left out here, devstack logs "
                          "has it ...",
                          Style::yellow,
                          true));
}

void TopModel::tell(const std::string& message, bool is_bad) {
    message_ = sane_text(message);
    is_message_bad_ = is_bad;
    is_message_new_ = true;
    message_end_.reset();
}

bool TopModel::pass_time(TimePoint now) {
    if (std::exchange(is_message_new_, false) && !is_message_bad_) {
        message_end_ = now + message_time;
    }
    if (!message_end_ || now < *message_end_) return false;
    message_end_.reset();
    message_.clear();
    return true;
}

void TopModel::show_page(const std::string& title, std::string_view text) {
    page_.emplace(title, text, TextPage::Form::wrapped);
    is_page_of_needs_ = false;
    settle();
}

void TopModel::resize(FrameSize size) {
    size_ = size;
    settle();
}

const api::ServiceState* TopModel::selected() const {
    return selected_ < state_.services.size() ? &state_.services[selected_] : nullptr;
}

std::vector<const api::ServiceState*> TopModel::find_measured() const {
    std::vector<const api::ServiceState*> found;
    if (page_ || arrangement_ == Arrangement::log_alone) return found;
    const std::size_t end = std::min(first_ + share().rows, state_.services.size());
    for (std::size_t i = first_; i < end; ++i) {
        if (state_.services[i].pid != 0) found.push_back(&state_.services[i]);
    }
    return found;
}

/// Puts right what depends on the size, the services and what is selected.
void TopModel::settle() {
    const std::size_t count = state_.services.size();
    selected_ = std::min(selected_, count > 0 ? count - 1 : 0);
    const Shares shares = share();
    if (selected_ < first_) first_ = selected_;
    if (selected_ >= first_ + shares.rows)
        first_ = selected_ + 1 - std::max<std::size_t>(shares.rows, 1);
    first_ = std::min(first_, count - std::min(count, shares.rows));
    const std::size_t names = size_.width < 100 ? 14 : 24;
    const std::size_t width = prefix_width_for(names_of(state_));
    log_.set_name_width(log_service_.empty() ? std::min(width, names) : 0);
    log_.resize({size_.width, shares.log});
    if (page_) page_->resize({size_.width, size_.height - std::min<std::size_t>(size_.height, 1)});
}

// ---- Keys --------------------------------------------------------------------------------------

std::vector<TopWish> TopModel::take_key(const Key& key) {
    if (key.is_control("l")) return {{TopWish::Kind::redraw, {}, {}}};
    if (prompt_) return take_key_of_prompt(key);
    message_.clear();
    if (page_) {
        if (!page_->take(key)) page_.reset();
        return {};
    }
    if (take_key_of_table(key) || take_key_of_log(key)) return {};
    return take_letter(key);
}

bool TopModel::take_key_of_table(const Key& key) {
    if (key.kind == Key::Kind::up || key.is("k")) return select(-1), true;
    if (key.kind == Key::Kind::down || key.is("j")) return select(1), true;
    if (key.kind != Key::Kind::tab) return false;
    arrangement_ = arrangement_ == Arrangement::both        ? Arrangement::log_alone
                   : arrangement_ == Arrangement::log_alone ? Arrangement::table_alone
                                                            : Arrangement::both;
    settle();
    return true;
}

void TopModel::select(std::ptrdiff_t steps) {
    const auto wished = static_cast<std::ptrdiff_t>(selected_) + steps;
    selected_ = static_cast<std::size_t>(std::max<std::ptrdiff_t>(wished, 0));
    settle();
}

bool TopModel::take_key_of_log(const Key& key) {
    const auto page = static_cast<std::ptrdiff_t>(std::max<std::size_t>(log_.height(), 2) - 1);
    if (key.kind == Key::Kind::page_up || key.is("b")) return log_.scroll(-page), true;
    if (key.kind == Key::Kind::page_down || key.is(" ")) return log_.scroll(page), true;
    if (key.is("[")) return log_.scroll(-1), true;
    if (key.is("]")) return log_.scroll(1), true;
    if (key.kind == Key::Kind::home || key.is("g")) return log_.show_oldest(), true;
    if (key.kind == Key::Kind::end || key.is("G") || key.is("f")) return log_.follow(), true;
    if (key.kind == Key::Kind::left) return log_.shift(-shift_columns), true;
    if (key.kind == Key::Kind::right) return log_.shift(shift_columns), true;
    if (key.is("w")) return log_.toggle_wrap(), true;
    if (key.is("t")) return log_.toggle_timestamps(), true;
    if (key.is("n")) return show_match(true), true;
    if (key.is("N")) return show_match(false), true;
    if (key.kind != Key::Kind::escape) return false;
    log_.end_search();
    return true;
}

std::vector<TopWish> TopModel::take_letter(const Key& key) {
    const api::ServiceState* const service = selected();
    if (key.is("q") || key.is_control("c")) return {{TopWish::Kind::leave, {}, {}}};
    if (key.is("?") || key.is("h")) show_page("devstack top: keys", top_help);
    if (key.is("d")) {
        page_.emplace(
            "who needs whom in " + state_.project, render_needs_tree(state_), TextPage::Form::cut);
        is_page_of_needs_ = true;
        settle();
    }
    if (key.is("/")) prompt_.emplace(Prompt{Asking::pattern, LineEdit{"search the log for: "}});
    if (key.is("a")) return show_log_of("");
    if (service == nullptr) return {};
    if (key.kind == Key::Kind::enter) {
        return show_log_of(log_service_ == service->name ? "" : service->name);
    }
    if (key.is("s")) return wish_command("start");
    if (key.is("x")) return wish_command("stop");
    if (key.is("r")) return wish_command("restart");
    if (key.is("y")) return {{TopWish::Kind::tell_why, {}, service->name}};
    if (key.is("S")) {
        prompt_.emplace(
            Prompt{Asking::signal, LineEdit{"signal for " + service->name + ": ", signal_names()}});
    }
    return {};
}

std::vector<TopWish> TopModel::wish_command(const std::string& command) {
    const std::string& name = selected()->name;
    tell(command + " of " + name + " has been asked for", false);
    return {{TopWish::Kind::command, {command, {name}}, name}};
}

std::vector<TopWish> TopModel::show_log_of(const std::string& service) {
    if (service == log_service_) return {};
    log_service_ = service;
    log_.clear();
    settle();
    return {{TopWish::Kind::show_log, {}, service}};
}

std::vector<TopWish> TopModel::take_key_of_prompt(const Key& key) {
    const LineEdit::Outcome outcome =
        key.is_control("c") ? LineEdit::Outcome::given_up : prompt_->edit.take(key);
    if (outcome == LineEdit::Outcome::going_on) return {};
    const Prompt prompt = std::move(*prompt_);
    prompt_.reset();
    message_.clear();
    if (outcome == LineEdit::Outcome::given_up || prompt.edit.text().empty()) return {};
    return enter(prompt);
}

std::vector<TopWish> TopModel::enter(const Prompt& prompt) {
    const std::string& text = prompt.edit.text();
    if (prompt.asking == Asking::pattern) return search(text), std::vector<TopWish>{};
    const Result<int> signal = parse_signal(text);
    const api::ServiceState* const service = selected();
    if (!signal) {
        tell(signal.error().message, true);
    } else if (service == nullptr || service->pid == 0) {
        tell(service == nullptr ? "there is no service"
                                : service->name + " has no process: it is " + service->phase,
             true);
    } else {
        tell(signal_name(*signal) + " was sent to " + service->name + " (pid " +
                 std::to_string(service->pid) + ")",
             false);
        return {{TopWish::Kind::command, {"signal", {service->name}, *signal}, service->name}};
    }
    return {};
}

void TopModel::search(const std::string& pattern) {
    const Result<std::size_t> count = log_.search(pattern);
    if (!count) return tell(count.error().message, true);
    const std::string lines = "the " + count_of(log_.size(), "line") + " here";
    if (*count == 0) {
        return tell("nothing in " + lines + "; devstack logs --grep " + shell_quote(pattern) +
                        " looks at all that there is",
                    true);
    }
    tell(count_of(*count, "line") + " of " + lines + "; n older, N newer, Esc ends the search",
         false);
}

void TopModel::show_match(bool is_older) {
    if (!log_.is_searching()) return tell("nothing is searched for: / does", true);
    if (!log_.show_match(is_older)) {
        tell(is_older ? "no older line matches" : "no newer line matches", true);
    }
}

}  // namespace devstack::cli
