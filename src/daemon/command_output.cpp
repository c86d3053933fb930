#include "daemon/command_output.hpp"

#include <boost/asio/buffer.hpp>

namespace devstack::daemon {

namespace asio = boost::asio;

namespace {

constexpr std::size_t piece_size = 4096;

}  // namespace

CommandOutput::CommandOutput(asio::io_context& loop,
                             platform::FileDescriptor standard_output,
                             platform::FileDescriptor standard_error,
                             std::size_t kept_max)
    : streams_{Stream{loop}, Stream{loop}}, kept_max_{kept_max} {
    boost::system::error_code ignored;
    streams_[0].assign(standard_output.release(), ignored);
    streams_[1].assign(standard_error.release(), ignored);
    for (Stream& stream : streams_)
        stream.non_blocking(true, ignored);
}

void CommandOutput::begin() {
    for (Stream& stream : streams_)
        wait(stream);
}

void CommandOutput::wait(Stream& stream) {
    stream.async_wait(Stream::wait_read,
                      [self = shared_from_this(), &stream](boost::system::error_code error) {
                          if (error || !stream.is_open()) return;
                          if (self->take(stream)) self->wait(stream);
                      });
}

bool CommandOutput::take(Stream& stream) {
    std::array<char, piece_size> buffer;
    boost::system::error_code error;
    const std::size_t size = stream.read_some(asio::buffer(buffer), error);
    tail_.append(buffer.data(), size);
    if (tail_.size() > kept_max_) tail_.erase(0, tail_.size() - kept_max_);
    return !error || error == asio::error::would_block;
}

std::string CommandOutput::finish() {
    // Bounded: a command that left a flooding grandchild behind must not hold up the loop.
    const std::size_t turns_max = 16 + kept_max_ / piece_size;
    for (Stream& stream : streams_) {
        for (std::size_t turns = 0; turns < turns_max && stream.is_open(); ++turns) {
            const std::size_t before = tail_.size();
            if (!take(stream) || tail_.size() == before) break;
        }
        boost::system::error_code ignored;
        stream.close(ignored);
    }
    return std::move(tail_);
}

}  // namespace devstack::daemon
