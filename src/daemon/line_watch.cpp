#include "daemon/line_watch.hpp"

#include "devstack/base/text.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/platform/clock.hpp"

#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

// Lines come from the reader that everybody has: what it knows of pieces, streams, rotation and
// lines without an end holds here too. It is asked for little at a time, so that the loop serves
// the others while a service floods.

namespace devstack::daemon {

namespace limits = core::limits;

LineWatch::LineWatch(boost::asio::io_context& loop, std::string log_dir, Seen seen)
    : loop_{loop}, log_dir_{std::move(log_dir)}, seen_{std::move(seen)} {}

LineWatch::~LineWatch() = default;

void LineWatch::await(core::RunId run,
                      const std::string& service,
                      const core::LogSign& sign,
                      WallTime since) {
    Watch watch;
    watch.run = run;
    auto pattern = core::LinePattern::parse(sign.pattern);
    if (!pattern) {  // The profile was checked.
        spdlog::error("{}: {}", service, pattern.error().message);
        return;
    }
    watch.pattern = std::move(*pattern);
    watch.stream = sign.stream;
    watch.since = since;
    watch.timer = std::make_unique<boost::asio::steady_timer>(loop_);
    watches_.insert_or_assign(service, std::move(watch));
    look(service);
}

void LineWatch::log_grown(const std::string& service) {
    const auto found = watches_.find(service);
    if (found != watches_.end() && !found->second.has_more) look(service);
}

void LineWatch::keep_only(const std::function<bool(core::RunId)>& is_wanted) {
    std::erase_if(watches_, [&](const auto& entry) { return !is_wanted(entry.second.run); });
}

void LineWatch::look(const std::string& service) {
    const auto found = watches_.find(service);
    if (found == watches_.end()) return;
    Watch& watch = found->second;
    project::LogQuery query;
    query.services = {service};
    query.after = watch.after;
    if (!watch.after) query.since = watch.since;
    query.lines_max = limits::awaited_lines_max;
    query.bytes_max = limits::awaited_bytes_max;
    query.now = platform::wall_now();
    const auto answer = project::read_logs(log_dir_, query);
    if (!answer) {  // Tried again when the log grows.
        spdlog::warn("{}: {}", service, answer.error().message);
        return;
    }
    watch.after = answer->cursor;
    for (const core::LogLine& line : answer->lines) {
        if (line.run != watch.run.number || !is_seen(watch, line)) continue;
        const core::RunId run = watch.run;
        watches_.erase(found);
        const std::string shown = shorten(sane_text(line.text), limits::shown_line_max);
        return boost::asio::post(loop_, [this, weak = std::weak_ptr{alive_}, run, shown] {
            if (!weak.expired()) seen_(run, "its output says \"" + shown + "\"");
        });
    }
    const auto again = [this, weak = std::weak_ptr{alive_}, service] {
        if (!weak.expired()) look(service);
    };
    watch.has_more = !answer->is_complete;
    if (watch.has_more) return boost::asio::post(loop_, again);
    if (!answer->unfinished_in) return;
    watch.timer->expires_after(*answer->unfinished_in);
    watch.timer->async_wait([again](boost::system::error_code error) {
        if (!error) again();
    });
}

/// A line that is longer than what readers get at once comes in parts: each is looked at together
/// with what stands before it.
bool LineWatch::is_seen(Watch& watch, const core::LogLine& line) const {
    Tail& tail = watch.tails.at(static_cast<std::size_t>(line.stream));
    // Of a line that had begun before we came, only the rest is known.
    Tail before = std::exchange(tail, Tail{"", false});
    if (!line.is_continued) before = {"", true};
    if (watch.stream && line.stream != *watch.stream) return false;
    const std::string text = before.text + line.text;
    // A prompt has no line end either: nothing follows, as far as anybody sees.
    const bool is_cut = line.is_unfinished && line.text.size() >= limits::line_part_max;
    if (watch.pattern.matches(text, {before.has_begin, !is_cut})) return true;
    const bool is_long = text.size() > limits::line_part_max;
    tail.text = is_long ? text.substr(text.size() - limits::line_part_max) : text;
    tail.has_begin = before.has_begin && !is_long;
    return false;
}

}  // namespace devstack::daemon
