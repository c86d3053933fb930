#include "devstack/client/connection.hpp"

#include "devstack/platform/clock.hpp"
#include "devstack/platform/unix_socket.hpp"

#include <cerrno>
#include <cstring>
#include <limits>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <poll.h>
#include <sys/socket.h>

// A socket, poll(2), and Beast's parser fed by hand: no event loop, because `devstack status` is
// one question and one answer, and should cost little more than its exec.

namespace devstack::client {

namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

/// Enough for the state of a hundred services, as a table shows it; a page more is a page fault.
constexpr std::size_t receive_size = std::size_t{16} * 1024;
/// An answer is bounded by the daemon's limits; this one is against something that is no daemon.
constexpr std::uint64_t body_max = 256ULL * 1024 * 1024;

/// For who waits for the answer later: a request is small, and there is room for it.
constexpr auto send_timeout = std::chrono::seconds{10};

std::string render_get(const std::string& target) {
    return "GET " + target + " HTTP/1.1\r\nHost: devstack\r\n\r\n";
}

std::string render_post(const std::string& target, const std::string& body) {
    return "POST " + target +
           " HTTP/1.1\r\nHost: devstack\r\n"
           "Content-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

Error closed() {
    return {Error::Kind::system, "the daemon has closed the connection"};
}

Error lost(int code) {
    return {Error::Kind::system,
            std::string{"lost the connection to the daemon: "} + std::strerror(code)};
}

/// Waits for `events`; false when the deadline passes first.
bool await(int fd, short events, TimePoint deadline) {
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - platform::now());
        if (left.count() <= 0) return false;
        constexpr long long longest = std::numeric_limits<int>::max();
        pollfd entry{fd, events, 0};
        const int count =
            poll(&entry, 1, static_cast<int>(std::min<long long>(left.count(), longest)));
        if (count > 0) return true;
    }
}

}  // namespace

class Connection::Implementation {
public:
    Implementation(std::string path, platform::FileDescriptor socket)
        : path_{std::move(path)}, socket_{std::move(socket)} {}

    int fd() const { return socket_.get(); }

    /// A question that changes nothing is asked once more when the daemon closes the connection, as
    /// it does when it was idle, just while we ask.
    Result<Reply> ask(const std::string& request, Duration timeout, bool may_repeat) {
        const TimePoint deadline = platform::now() + timeout;
        Status sent = send(request, deadline);
        if (!sent) return std::move(sent).error();
        while (true) {
            Result<std::optional<Reply>> reply = try_receive();
            if (!reply && may_repeat && !parser_->got_some() &&
                platform::is_hung_up(socket_.get())) {
                return ask(request, deadline - platform::now(), false);
            }
            if (!reply) return std::move(reply).error();
            if (*reply) return std::move(**reply);
            if (!await(socket_.get(), POLLIN, deadline)) return too_late(timeout);
        }
    }

    Status send(std::string_view text, TimePoint deadline) {
        Status usable = reopen_if_closed();
        if (!usable) return usable;
        while (!text.empty()) {
            const ssize_t count =
                ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (count >= 0) {
                text.remove_prefix(static_cast<std::size_t>(count));
            } else if (errno == EAGAIN) {
                if (!await(socket_.get(), POLLOUT, deadline)) return too_late({});
            } else if (errno == EPIPE) {
                break;  // It may have said why before it closed.
            } else if (errno != EINTR) {
                return lost(errno);
            }
        }
        return ok();
    }

    Result<std::optional<Reply>> try_receive() {
        while (true) {
            Result<std::optional<Reply>> parsed = parse();
            if (!parsed || *parsed) return parsed;
            const std::size_t before = received_.size();
            received_.resize(before + receive_size);
            const ssize_t count =
                recv(socket_.get(), received_.data() + before, receive_size, MSG_DONTWAIT);
            const int code = errno;
            received_.resize(before + (count > 0 ? static_cast<std::size_t>(count) : 0));
            if (count == 0) return closed();
            if (count > 0 || code == EINTR) continue;
            if (code == EAGAIN) return std::optional<Reply>{};
            return lost(code);
        }
    }

private:
    /// Between two requests the daemon may close a connection that is idle, or start anew; it says
    /// so in its last reply, if there is one.
    Status reopen_if_closed() {
        if (socket_.is_open() && !platform::is_hung_up(socket_.get())) return ok();
        Result<platform::FileDescriptor> socket = platform::connect_unix(path_);
        if (!socket) return std::move(socket).error();
        socket_ = std::move(*socket);
        received_.clear();
        parser_.reset();
        return ok();
    }

    /// Moves what has been received into the parser; the reply once it is whole.
    Result<std::optional<Reply>> parse() {
        if (!parser_) {
            parser_.emplace();
            parser_->eager(true);
            parser_->body_limit(body_max);
        }
        error_code code;
        const std::size_t used =
            parser_->put(boost::asio::const_buffer{received_.data(), received_.size()}, code);
        received_.erase(0, used);
        if (code && code != http::error::need_more) {
            return Error{Error::Kind::system, "the daemon's answer is not HTTP: " + code.message()};
        }
        if (!parser_->is_done()) return std::optional<Reply>{};
        const bool is_interim = parser_->get().result() == http::status::continue_;
        // It waits for us to hang up.
        if (!is_interim && !parser_->get().keep_alive()) socket_.reset();
        Reply reply{static_cast<int>(parser_->get().result_int()),
                    std::move(parser_->get().body())};
        parser_.reset();
        if (is_interim) return parse();
        return std::optional<Reply>{std::move(reply)};
    }

    static Error too_late(Duration timeout) {
        return {Error::Kind::timed_out,
                timeout == Duration{}
                    ? std::string{"the daemon does not take the request"}
                    : "the daemon did not answer within " + render_duration(timeout)};
    }

    std::string path_;
    platform::FileDescriptor socket_;
    std::string received_;
    std::optional<http::response_parser<http::string_body>> parser_;
};

Connection::Connection(std::unique_ptr<Implementation> implementation)
    : implementation_{std::move(implementation)} {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::open(const std::string& socket_path) {
    Result<platform::FileDescriptor> socket = platform::connect_unix(socket_path);
    if (!socket) return std::move(socket).error();
    return Connection{std::make_unique<Implementation>(socket_path, std::move(*socket))};
}

Result<Reply> Connection::get(const std::string& target, Duration timeout) {
    return implementation_->ask(render_get(target), timeout, true);
}

Result<Reply> Connection::post(const std::string& target,
                               const std::string& body,
                               Duration timeout) {
    return implementation_->ask(render_post(target, body), timeout, false);
}

int Connection::fd() const {
    return implementation_->fd();
}

Status Connection::send_get(const std::string& target) {
    return implementation_->send(render_get(target), platform::now() + send_timeout);
}

Status Connection::send_post(const std::string& target, const std::string& body) {
    return implementation_->send(render_post(target, body), platform::now() + send_timeout);
}

Result<std::optional<Reply>> Connection::try_receive() {
    return implementation_->try_receive();
}

}  // namespace devstack::client
