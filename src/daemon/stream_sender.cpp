#include "daemon/stream_sender.hpp"

#include <array>
#include <charconv>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

namespace devstack::daemon {

using boost::system::error_code;

namespace {

std::string as_chunk(const std::string& piece) {
    std::array<char, 20> size{};
    const auto end = std::to_chars(size.data(), size.data() + size.size(), piece.size(), 16).ptr;
    std::string chunk;
    chunk.reserve(piece.size() + size.size() + 4);
    chunk.append(size.data(), end).append("\r\n").append(piece).append("\r\n");
    return chunk;
}

constexpr const char* last_chunk = "0\r\n\r\n";

}  // namespace

StreamSender::StreamSender(Socket& socket,
                           std::shared_ptr<ControlStream> stream,
                           std::function<void(error_code)> on_end)
    : socket_{socket}, stream_{std::move(stream)}, on_end_{std::move(on_end)} {}

void StreamSender::begin(std::string head, bool is_chunked) {
    outgoing_ = std::move(head);
    is_chunked_ = is_chunked;
    stream_->set_on_news([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->pump();
    });
    write();
}

void StreamSender::abandon() {
    on_end_ = nullptr;
    if (stream_) stream_->set_on_news(nullptr);
    stream_.reset();
}

void StreamSender::pump() {
    if (is_writing_ || !stream_) return;
    const std::string piece = stream_->take();
    is_last_ = stream_->is_over();
    if (piece.empty() && !is_last_) return;
    if (!piece.empty()) outgoing_ = is_chunked_ ? as_chunk(piece) : piece;
    if (is_last_ && is_chunked_) outgoing_ += last_chunk;
    if (outgoing_.empty()) return end({});
    write();
}

void StreamSender::write() {
    is_writing_ = true;
    boost::asio::async_write(
        socket_,
        boost::asio::buffer(outgoing_),
        [self = shared_from_this()](error_code code, std::size_t) { self->written(code); });
}

void StreamSender::written(error_code code) {
    is_writing_ = false;
    outgoing_ = {};  // An idle stream keeps nothing.
    if (code || is_last_) return end(code);
    pump();
}

void StreamSender::end(error_code code) {
    const auto on_end = std::exchange(on_end_, nullptr);
    abandon();
    if (on_end) on_end(code);
}

}  // namespace devstack::daemon
