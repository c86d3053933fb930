#pragma once

#include "devstack/base/port.hpp"
#include "devstack/base/result.hpp"
#include "devstack/base/time.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace devstack::daemon {

/// A request whose target has been taken apart and decoded.
struct ControlRequest {
    std::string method;                                           ///< "GET", "POST".
    std::string path;                                             ///< "/v1/state".
    std::vector<std::pair<std::string, std::string>> parameters;  ///< In order, decoded.
    std::string body;
    std::string accept;         ///< Header Accept.
    std::string last_event_id;  ///< Header Last-Event-ID.
    bool is_guarded = false;    ///< By a token: it may come from anywhere on the network.

    /// The first value; empty view when absent.
    std::string_view parameter(std::string_view name) const;
};

/// What a reply goes on with for as long as somebody listens. A piece is asked for when the one
/// before it has been written: a slow client costs no more than one.
class ControlStream {
public:
    virtual ~ControlStream() = default;
    /// The next piece, of bounded size; empty when there is none now: `on_news` comes when it is
    /// worth to ask again.
    virtual std::string take() = 0;
    /// Nothing will come any more.
    virtual bool is_over() const = 0;
    virtual void set_on_news(std::function<void()> on_news) = 0;
};

struct ControlReply {
    int status = 200;
    std::string body;
    std::string content_type = "application/json";
    std::shared_ptr<ControlStream> stream = nullptr;  ///< Instead of `body`.
    /// Others than the server's own.
    std::vector<std::pair<std::string, std::string>> headers = {};
};

/// Answers requests. `handle` may keep `reply` and call it later (long poll), once, from the loop;
/// `is_alive` tells whether the client still waits.
class ControlHandler {
public:
    virtual ~ControlHandler() = default;
    virtual void handle(const ControlRequest& request,
                        std::function<void(ControlReply)> reply,
                        std::function<bool()> is_alive) = 0;
};

/// A way in by TCP.
struct ControlDoor {
    std::string address;  ///< Numeric.
    Port port;
    bool is_remote = false;  ///< Somebody has said that it may be other than loopback.
    std::string token;       ///< Not empty: what a request has to know.
    std::string token_file;  ///< Where its user finds it.
};

/// HTTP/1.1 over a Unix socket: 0600, peers of our own uid and root only (SO_PEERCRED, unix(7)),
/// keep-alive, bounded sizes and times (limits.hpp), X-Request-ID returned or made. Malformed
/// requests get an ErrorMessage. Unlinks its socket when destroyed.
///
/// `POST /v1/guard` with "Authorization: Bearer TOKEN" puts the connection that it came by under
/// the rules of TCP, for good: who carries the bytes of others leaves it to us to judge them.
class ControlServer {
public:
    /// The caller holds the project's lock and knows that nobody serves there: a stale socket is
    /// replaced. Long paths work.
    static Result<std::unique_ptr<ControlServer>> listen(boost::asio::io_context& loop,
                                                         const std::string& socket_path,
                                                         ControlHandler& handler);
    /// The same by TCP. Requests need the door's token, a Host that is ours and, if they have one,
    /// our own Origin; there is no CORS.
    static Result<std::unique_ptr<ControlServer>> listen(boost::asio::io_context& loop,
                                                         const ControlDoor& door,
                                                         ControlHandler& handler);
    /// By a socket that listens already.
    static std::unique_ptr<ControlServer> serve(boost::asio::io_context& loop,
                                                const ControlDoor& door,
                                                platform::FileDescriptor listener,
                                                ControlHandler& handler);
    virtual ~ControlServer() = default;

    virtual std::size_t connections() const = 0;
    /// Makes its Unix socket anew, somebody has removed it. Connections stay.
    virtual Status listen_again() = 0;
    /// No new connections; replies under way are finished.
    virtual void close() = 0;
};

}  // namespace devstack::daemon
