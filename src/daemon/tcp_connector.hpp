#pragma once

#include "devstack/base/port.hpp"
#include "devstack/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace devstack::daemon {

class NameResolver;

/// Gets a connection to a host by name or address, trying one address after the other: the next as
/// soon as one is refused, or when one has been silent for its share of the time. Numeric addresses
/// and "localhost" (::1, then 127.0.0.1) need no resolver.
class TcpConnector : public std::enable_shared_from_this<TcpConnector> {
public:
    /// An empty text: connected. Else why not: "connection refused by 127.0.0.1:3101".
    using Done = std::function<void(const std::string& failure)>;

    TcpConnector(boost::asio::io_context& loop,
                 NameResolver& resolver,
                 std::string host,
                 Port port);

    /// Calls `done` once, from the loop, unless stopped before.
    void start(Duration timeout, Done done);
    void stop();

    boost::asio::ip::tcp::socket& socket() { return socket_; }
    /// "127.0.0.1:3101", of the address that is tried or connected.
    std::string peer() const;
    /// "resolving db.internal", "connecting to …", "connected to …".
    std::string stage() const;

private:
    struct Failure {
        std::string reason;  ///< "connection refused by".
        std::string endpoint;
        bool is_telling = true;  ///< False: only says that this machine has no such network.
    };

    void resolve();
    void try_next();
    void connect(const boost::asio::ip::tcp::endpoint& endpoint);
    void limit_this_address();
    void connected(std::size_t attempt, const boost::system::error_code& error);
    void fail(const boost::system::error_code& error);
    void finish(const std::string& failure);
    std::string render_failures() const;

    NameResolver& resolver_;
    std::string host_;
    Port port_;
    boost::asio::ip::tcp::socket socket_;
    boost::asio::steady_timer share_;
    TimePoint deadline_{};
    Done done_;
    std::uint64_t lookup_ = 0;
    std::vector<std::string> addresses_;
    std::size_t next_ = 0;  ///< Index of the address after the one that is tried.
    bool is_connected_ = false;
    std::vector<Failure> failures_;
};

/// "127.0.0.1:80", "[::1]:80".
std::string render_endpoint(const std::string& address, Port port);

/// True for "localhost" and names below it (RFC 6761).
bool is_localhost(const std::string& host);

}  // namespace devstack::daemon
