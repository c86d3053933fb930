#include "tcp_server.hpp"

#include <array>

#include <sys/socket.h>
#include <unistd.h>

namespace devstack::test {

TcpServer::TcpServer(Serve serve, const std::string& address)
    : serve_{std::move(serve)}, listener_{address} {
    if (listener_.is_listening()) thread_ = std::thread{[this] { run(); }};
}

TcpServer::~TcpServer() {
    ::shutdown(listener_.fd(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
}

void TcpServer::run() {
    for (;;) {
        const int connection = ::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0) return;
        ++connections_;
        serve_(connection);
        ::close(connection);
    }
}

std::string read_request(int connection) {
    std::string request;
    std::array<char, 4096> buffer;
    while (request.find("\r\n\r\n") == request.npos) {
        const ssize_t size = ::recv(connection, buffer.data(), buffer.size(), 0);
        if (size <= 0) break;
        request.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return request;
}

void send_text(int connection, const std::string& text) {
    std::size_t sent = 0;
    while (sent < text.size()) {
        const ssize_t size =
            ::send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        if (size <= 0) return;
        sent += static_cast<std::size_t>(size);
    }
}

void wait_for_close(int connection) {
    std::array<char, 4096> buffer;
    while (::recv(connection, buffer.data(), buffer.size(), 0) > 0) {
    }
}

TcpServer::Serve answer_with(std::string text) {
    return [text = std::move(text)](int connection) {
        read_request(connection);
        send_text(connection, text);
    };
}

std::string http_answer(const std::string& status, const std::string& body) {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

}  // namespace devstack::test
