#include "devstack/client/relay.hpp"

#include "devstack/platform/random_text.hpp"
#include "devstack/platform/tcp_listener.hpp"
#include "devstack/platform/unix_socket.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

//   browser --tcp--> Wire --unix--> daemon
//                    | first: POST /v1/guard, so that the daemon judges what comes by this wire
//                    | then:  bytes, both ways, until both sides have ended

namespace devstack::client {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::local::stream_protocol;
using boost::system::error_code;

namespace {

constexpr std::string_view no_daemon =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
    "Content-Length: 69\r\nConnection: close\r\n\r\n"
    "{\"code\":\"no-daemon\",\"message\":\"the project's daemon does not answer\"}";
constexpr std::size_t wires_max = 64;
constexpr std::size_t piece_size = std::size_t{16} * 1024;
/// The daemon answers at once, or not at all.
constexpr std::chrono::seconds guard_max{10};
constexpr std::chrono::milliseconds accept_again_after{100};

/// One connection, in both directions.
class Wire : public std::enable_shared_from_this<Wire> {
public:
    Wire(tcp::socket browser, std::size_t& alive)
        : browser_{std::move(browser)},
          daemon_{browser_.get_executor()},
          timer_{browser_.get_executor()},
          alive_{alive} {
        ++alive_;
    }
    ~Wire() { --alive_; }
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

    void begin(const std::string& socket_path, const std::string& token) {
        Result<platform::FileDescriptor> connection = platform::connect_unix(socket_path);
        if (!connection) return refuse();
        error_code code;
        daemon_.assign(stream_protocol{}, connection->get(), code);
        if (code) return refuse();
        static_cast<void>(connection->release());
        hello_ = "POST /v1/guard HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token +
                 "\r\nContent-Length: 0\r\n\r\n";
        timer_.expires_after(guard_max);
        timer_.async_wait([self = shared_from_this()](error_code late) {
            if (!late) self->close();
        });
        asio::async_write(daemon_,
                          asio::buffer(hello_),
                          [self = shared_from_this()](error_code failed, std::size_t) {
                              if (failed) return self->refuse();
                              self->await_guard();
                          });
    }

private:
    /// Not a byte of the browser's goes to a daemon that has not agreed to judge it.
    void await_guard() {
        asio::async_read_until(
            daemon_,
            answer_,
            "\r\n\r\n",
            [self = shared_from_this()](error_code code, std::size_t) {
                self->timer_.cancel();
                if (code) return self->refuse();
                const auto data = self->answer_.data();
                const std::string head{asio::buffers_begin(data), asio::buffers_end(data)};
                if (!head.starts_with("HTTP/1.1 204 ")) return self->refuse();
                self->carry(self->browser_, self->daemon_, self->up_);
                self->carry(self->daemon_, self->browser_, self->down_);
            });
    }

    template <typename From, typename To>
    void carry(From& from, To& to, std::array<char, piece_size>& piece) {
        from.async_read_some(
            asio::buffer(piece),
            [self = shared_from_this(), &from, &to, &piece](error_code code, std::size_t size) {
                if (code == asio::error::eof) return self->end_sending(to);
                if (code) return self->close();
                asio::async_write(to,
                                  asio::buffer(piece.data(), size),
                                  [self, &from, &to, &piece](error_code failed, std::size_t) {
                                      if (failed) return self->close();
                                      self->carry(from, to, piece);
                                  });
            });
    }

    /// The other direction may go on: a request's end is not its answer's.
    template <typename To>
    void end_sending(To& to) {
        error_code ignored;
        to.shutdown(asio::socket_base::shutdown_send, ignored);
        if (++ended_ == 2) close();
    }

    void refuse() {
        asio::async_write(browser_,
                          asio::buffer(no_daemon),
                          [self = shared_from_this()](error_code, std::size_t) { self->close(); });
    }

    void close() {
        error_code ignored;
        timer_.cancel();
        browser_.shutdown(asio::socket_base::shutdown_send, ignored);
        browser_.close(ignored);
        daemon_.close(ignored);
    }

    tcp::socket browser_;
    stream_protocol::socket daemon_;
    asio::steady_timer timer_;
    std::size_t& alive_;
    std::string hello_;
    asio::streambuf answer_;
    std::array<char, piece_size> up_{};
    std::array<char, piece_size> down_{};
    int ended_ = 0;
};

class LoopbackRelay final : public Relay {
public:
    LoopbackRelay(std::string socket_path, std::string token, platform::FileDescriptor listener)
        : socket_path_{std::move(socket_path)},
          token_{std::move(token)},
          port_{platform::local_port(listener)} {
        error_code ignored;
        listener_.assign(tcp::v4(), listener.release(), ignored);
    }

    Port port() const override { return port_; }
    const std::string& token() const override { return token_; }

    int run() override {
        int received = 0;
        asio::signal_set signals{loop_, SIGINT, SIGTERM, SIGHUP};
        signals.async_wait([this, &received](error_code, int signal) {
            received = signal;
            loop_.stop();
        });
        accept();
        loop_.run();
        return received;
    }

private:
    void accept() {
        listener_.async_accept([this](error_code code, tcp::socket browser) {
            if (code) {  // No descriptors left, as a rule.
                pause_.expires_after(accept_again_after);
                return pause_.async_wait([this](error_code) { accept(); });
            }
            // Beyond that number somebody floods us: hung up on.
            if (wires_ < wires_max) {
                std::make_shared<Wire>(std::move(browser), wires_)->begin(socket_path_, token_);
            }
            accept();
        });
    }

    std::string socket_path_;
    std::string token_;
    Port port_;
    std::size_t wires_ = 0;  // Outlives the loop, whose handlers hold the wires.
    asio::io_context loop_{1};
    tcp::acceptor listener_{loop_};
    asio::steady_timer pause_{loop_};
};

}  // namespace

Result<std::unique_ptr<Relay>> Relay::open(std::string socket_path) {
    Result<std::string> token = platform::random_hex_text(32);
    if (!token) return std::move(token).error();
    Result<platform::FileDescriptor> listener = platform::listen_tcp("127.0.0.1", Port{0});
    if (!listener) return std::move(listener).error();
    return std::unique_ptr<Relay>{std::make_unique<LoopbackRelay>(
        std::move(socket_path), std::move(*token), std::move(*listener))};
}

}  // namespace devstack::client
