#include "devstack/base/text.hpp"

#include "cli/service_names.hpp"
#include "cli/status_view.hpp"
#include "cli/top/service_table.hpp"
#include "cli/top/top_help.hpp"
#include "cli/top/top_model.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace devstack::cli {

namespace {

namespace api = core::api;

/// Of the lines that services and log share, at most this part is for services.
constexpr std::size_t table_percent = 50;
constexpr std::size_t rows_min = 3;
/// From these heights on there is room for longer sentences.
constexpr std::size_t high = 20;
constexpr std::size_t very_high = 30;

constexpr std::string_view hints =
    "? help  q quit  r restart  s start  x stop  y why  d needs  / search  enter log";

std::string repeat(std::string_view text, std::size_t count) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i)
        all += text;
    return all;
}

/// "project  /home/chi/shop": what does not fit gives up its front.
std::string shown_directory(const std::string& path, std::size_t width) {
    if (display_width(path) <= width) return path;
    if (width < 8) return "";
    std::string_view rest = path;
    while (display_width(rest) + 1 > width)
        rest.remove_prefix(front_within(rest, 1).size());
    return "\u2026" + std::string{rest};
}

}  // namespace

const std::string_view top_help =
    "\x1b[1mservices\x1b[0m  up, down, k, j  choose one\n"
    "          s, x, r         start it, stop it, restart it\n"
    "          S               send it a signal\n"
    "          y               why is it as it is?\n"
    "          d               who needs whom\n"
    "\x1b[1mlog\x1b[0m       enter, a        only that of the chosen service, and back to all\n"
    "          PgUp, PgDn      scroll; also b and space, [ and ] by one line\n"
    "          Home, g         the oldest line that is kept here\n"
    "          End, G, f       follow again\n"
    "          left, right     shift long lines\n"
    "          w, t            wrap long lines; show when each was written\n"
    "          /               search for a regular expression; n older, N newer\n"
    "          Esc             end the search\n"
    "\x1b[1mscreen\x1b[0m    tab             services and log, the log alone, services alone\n"
    "          Ctrl-L, Ctrl-Z  draw anew; suspend\n"
    "          q, Ctrl-C       quit; what runs goes on\n"
    "\n"
    "\"!\" marks what has a problem; RST: restarts; FAIL: failed probes in a row.\n"
    "CPU and memory are those of all processes of a service. \"*\" in the log:\n"
    "devstack says it of a service; a red bar: written to standard error.\n";

TopModel::Shares TopModel::share() const {
    constexpr std::size_t title_and_footer = 2;
    Shares shares;
    std::size_t left = size_.height - std::min(size_.height, title_and_footer);
    if (arrangement_ != Arrangement::table_alone) left -= std::min<std::size_t>(left, 1);
    if (arrangement_ == Arrangement::log_alone) {
        shares.log = left;
        return shares;
    }
    left -= std::min<std::size_t>(left, 1);  // The titles of the columns.
    const std::size_t sentences = size_.height >= very_high ? 3 : size_.height >= high ? 2 : 1;
    shares.detail = std::min(left, sentences);
    left -= shares.detail;
    const std::size_t most = arrangement_ == Arrangement::table_alone
                                 ? left
                                 : std::max(rows_min, left * table_percent / 100);
    shares.rows = std::min({state_.services.size(), most, left});
    if (arrangement_ == Arrangement::both) shares.log = left - shares.rows;
    return shares;
}

FrameLine TopModel::draw_title() const {
    const StatusCount count = count_status(state_);
    FrameLine line = {{" " + sane_text(state_.project), {Style::plain, true}}};
    if (!trouble_.empty()) {
        line.push_back({"  " + trouble_, {Style::red, true}});
        return line;
    }
    line.push_back({"  " + count.ready, {}});
    if (!count.problems.empty()) {
        line.push_back({", ", {}});
        line.push_back({count.problems, {Style::red, true}});
    }
    const std::size_t used = width_of(line) + 3;
    if (used >= size_.width) return line;
    const std::string directory =
        shown_directory(sane_text(state_.project_dir), size_.width - used);
    const std::size_t space = size_.width - used + 2 - display_width(directory);
    line.push_back({std::string(space, ' ') + directory, {Style::dim}});
    return line;
}

void TopModel::draw_table(Frame& frame, TimePoint now) const {
    const Shares shares = share();
    std::vector<api::ServiceState> services = state_.services;
    const double elapsed = std::chrono::duration<double>(now - state_at_).count();
    for (api::ServiceState& it : services) {
        it.uptime_seconds += elapsed;
        const auto usage = usage_.find(it.name);
        if (usage != usage_.end() && it.pid != 0) it.usage = usage->second;
    }
    const TableWindow window{first_, shares.rows, selected_, size_.width};
    std::ranges::move(draw_services(services, window), std::back_inserter(frame.lines));
    std::ranges::move(draw_detail(shares.detail), std::back_inserter(frame.lines));
}

/// All there is to say of what is selected: the table may have had no room for it.
std::vector<FrameLine> TopModel::draw_detail(std::size_t height) const {
    const api::ServiceState* const service = selected();
    std::vector<FrameLine> lines(1);
    if (service != nullptr) {
        const Look look{Style::plain, true};
        FrameLine sentence = {{" " + service->name, look}, {" is ", {}}};
        sentence.push_back({service->phase, {style_of_phase(service->phase), true}});
        std::string rest = reason_of(*service);
        if (!rest.empty()) rest = ": " + rest;
        for (const std::string& note : notes_of(*service)) {
            const std::string text = sane_text(note);
            // The reason of a start that takes long tells it too.
            if (rest.find(text) == std::string::npos) rest += "; " + text;
        }
        if (!service->says.empty()) rest += "; it says: " + sane_text(service->says);
        if (!service->url.empty()) rest += "  " + sane_text(service->url);
        sentence.push_back({rest, {}});
        lines = split_at_words(sentence, size_.width - std::min<std::size_t>(size_.width, 1));
    }
    // What is left out is marked by "…".
    if (lines.size() > height && height > 0) lines[height - 1].push_back({"\u2026", {}});
    lines.resize(height);
    for (std::size_t i = 1; i < lines.size(); ++i)
        lines[i].insert(lines[i].begin(), {" ", {}});
    return lines;
}

FrameLine TopModel::draw_divider() const {
    const std::string what = log_service_.empty() ? "all logs" : "log of " + log_service_;
    std::string state = "follows";
    if (!log_.is_following()) {
        const std::size_t below = log_.lines_below();
        state = (below == 0 ? "stands still" : count_of(below, "line") + " below") + ", G follows";
    }
    if (log_.is_wrapped()) state = "wrapped, " + state;
    if (log_.is_searching()) state = "/" + sane_text(log_.pattern_text()) + "/ " + state;
    FrameLine line = {{"\u2500\u2500 ", {Style::dim}}, {what + " ", {Style::plain, true}}};
    const std::size_t used = width_of(line) + display_width(state) + 4;
    const std::size_t bar = size_.width > used ? size_.width - used : 1;
    line.push_back({repeat("\u2500", bar) + " ", {Style::dim}});
    line.push_back({state, {log_.is_following() ? Style::dim : Style::yellow}});
    line.push_back({" \u2500\u2500", {Style::dim}});
    return line;
}

FrameLine TopModel::draw_footer() const {
    if (prompt_) return {{prompt_->edit.shown(), {Style::plain, true}}};
    if (!message_.empty()) {
        return {{message_, {is_message_bad_ ? Style::red : Style::plain, true}}};
    }
    if (page_) return {{"any other key goes back", {Style::dim}}};
    return {{std::string{hints}, {Style::dim}}};
}

Frame TopModel::draw(TimePoint now) const {
    Frame frame;
    frame.size = size_;
    if (page_) {
        frame.lines = page_->draw();
    } else {
        frame.lines.push_back(draw_title());
        if (arrangement_ != Arrangement::log_alone) draw_table(frame, now);
        if (arrangement_ != Arrangement::table_alone) {
            frame.lines.push_back(draw_divider());
            std::ranges::move(log_.draw(), std::back_inserter(frame.lines));
        }
    }
    // However low the screen is, the last line is there.
    frame.lines.resize(size_.height);
    if (!frame.lines.empty()) frame.lines.back() = draw_footer();
    for (FrameLine& line : frame.lines)
        line = fit(line, size_.width);
    if (prompt_) {
        frame.cursor = std::min(display_width(prompt_->edit.shown()),
                                size_.width - std::min<std::size_t>(size_.width, 1));
    }
    return frame;
}

}  // namespace devstack::cli
