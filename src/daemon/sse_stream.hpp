#pragma once

#include "devstack/base/time.hpp"
#include "devstack/daemon/control_server.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace devstack::daemon {

/// One stream of server-sent events: what its source tells, heartbeats when that is silent, `done`
/// when it ends on purpose.
class SseStream final : public ControlStream, public std::enable_shared_from_this<SseStream> {
public:
    /// What there is to say now; nothing is kept back by who tells it.
    struct Batch {
        std::string text;                  ///< Whole messages.
        std::optional<Duration> again_in;  ///< Ask again then, also without news.
        std::string done;                  ///< Why there will be no more; empty: there may be.
    };
    using Source = std::function<Batch()>;

    /// `first`: what stands before everything else. `heartbeat`: the longest silence.
    SseStream(boost::asio::io_context& loop, std::string first, Source source, Duration heartbeat);

    std::string take() override;
    bool is_over() const override { return is_over_; }
    void set_on_news(std::function<void()> on_news) override { on_news_ = std::move(on_news); }

    /// The source may have something now.
    void wake();
    /// What the source has yet, then `done`.
    void finish(const std::string& why);
    /// Nobody listens any more.
    bool is_abandoned() const { return has_begun_ && !on_news_; }

private:
    void set_alarm(Duration within);

    boost::asio::steady_timer timer_;
    std::string first_;
    Source source_;
    std::function<void()> on_news_;
    Duration heartbeat_;
    std::string ends_because_;
    TimePoint heartbeat_at_;
    bool has_begun_ = false;
    bool is_over_ = false;
};

}  // namespace devstack::daemon
