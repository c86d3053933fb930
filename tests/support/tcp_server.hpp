#pragma once

#include "devstack/base/port.hpp"

#include "support/listener.hpp"

#include <atomic>
#include <functional>
#include <string>
#include <thread>

namespace devstack::test {

/// Listens on a free port and serves one connection after the other in a thread of its own.
class TcpServer {
public:
    /// Gets each connection, which is closed when it returns.
    using Serve = std::function<void(int connection)>;

    explicit TcpServer(Serve serve, const std::string& address = "127.0.0.1");
    TcpServer(const TcpServer&) = delete;
    TcpServer& operator=(const TcpServer&) = delete;
    ~TcpServer();

    /// False when this machine has no such address.
    bool is_listening() const { return listener_.is_listening(); }
    Port port() const { return listener_.port(); }
    int connections() const { return connections_; }

private:
    void run();

    Serve serve_;
    Listener listener_;
    std::atomic<int> connections_ = 0;
    std::thread thread_;
};

/// All up to the empty line; what came when the client closes earlier.
std::string read_request(int connection);
void send_text(int connection, const std::string& text);
void wait_for_close(int connection);

/// Answers every request with this text, then closes.
TcpServer::Serve answer_with(std::string text);
/// A whole answer with a length.
std::string http_answer(const std::string& status, const std::string& body);

}  // namespace devstack::test
