#pragma once

#include "devstack/daemon/control_server.hpp"

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/local/stream_protocol.hpp>

namespace devstack::daemon {

/// Sends a stream over a connection, piece by piece, as one HTTP response of unknown length
/// (chunked, RFC 9112 section 7.1).
class StreamSender : public std::enable_shared_from_this<StreamSender> {
public:
    using Socket = boost::asio::local::stream_protocol::socket;

    /// `socket` lives until `on_end`, which comes once, when the stream is over and written, or
    /// the connection is broken.
    StreamSender(Socket& socket,
                 std::shared_ptr<ControlStream> stream,
                 std::function<void(boost::system::error_code)> on_end);

    /// `head`: the response's, down to its empty line, without Transfer-Encoding chunked if
    /// `is_chunked` is false.
    void begin(std::string head, bool is_chunked);
    /// No more: `on_end` does not come.
    void abandon();

private:
    void pump();
    void write();
    void written(boost::system::error_code code);
    void end(boost::system::error_code code);

    Socket& socket_;
    std::shared_ptr<ControlStream> stream_;
    std::function<void(boost::system::error_code)> on_end_;
    std::string outgoing_;
    bool is_chunked_ = true;
    bool is_writing_ = false;
    bool is_last_ = false;
};

}  // namespace devstack::daemon
