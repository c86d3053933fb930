#include "daemon/sse_stream.hpp"

#include "devstack/core/api/sse.hpp"
#include "devstack/platform/clock.hpp"

#include <algorithm>
#include <utility>

namespace devstack::daemon {

namespace api = core::api;

SseStream::SseStream(boost::asio::io_context& loop,
                     std::string first,
                     Source source,
                     Duration heartbeat)
    : timer_{loop},
      first_{std::move(first)},
      source_{std::move(source)},
      heartbeat_{heartbeat},
      heartbeat_at_{platform::now() + heartbeat} {}

std::string SseStream::take() {
    if (is_over_) return "";
    has_begun_ = true;
    if (!first_.empty()) return std::exchange(first_, {});
    Batch batch = source_();
    if (batch.text.empty() && batch.done.empty()) batch.done = ends_because_;
    if (!batch.done.empty()) {
        is_over_ = true;
        timer_.cancel();
        batch.text += api::to_sse({"done", api::to_text(api::StreamDone{batch.done}), ""});
        return std::move(batch.text);
    }
    const TimePoint now = platform::now();
    if (batch.text.empty() && now >= heartbeat_at_) batch.text = api::sse_heartbeat();
    if (!batch.text.empty()) {
        heartbeat_at_ = now + heartbeat_;
        return std::move(batch.text);
    }
    const Duration heartbeat_in = heartbeat_at_ - now;
    set_alarm(std::min(batch.again_in.value_or(heartbeat_in), heartbeat_in));
    return "";
}

void SseStream::wake() {
    if (on_news_) on_news_();
}

void SseStream::finish(const std::string& why) {
    ends_because_ = why;
    wake();
}

void SseStream::set_alarm(Duration within) {
    timer_.expires_after(within);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (!error && self) self->wake();
    });
}

}  // namespace devstack::daemon
