#include "devstack/platform/tcp_listener.hpp"

#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace devstack::platform {

namespace {

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

bool fill(Address& address, const std::string& text, Port port) {
    auto* const v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    auto* const v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port.number);
        address.size = sizeof *v4;
    } else if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port.number);
        address.size = sizeof *v6;
    }
    return address.size != 0;
}

Error failed(const std::string& address, Port port, int code) {
    const std::string place =
        (address.find(':') == std::string::npos ? address : "[" + address + "]") + ":" +
        to_string(port);
    Error::Kind kind = Error::Kind::system;
    if (code == EADDRINUSE) kind = Error::Kind::busy;
    if (code == EACCES) kind = Error::Kind::not_permitted;
    return {kind, "cannot listen on " + place + ": " + std::strerror(code)};
}

}  // namespace

Result<FileDescriptor> listen_tcp(const std::string& address, Port port) {
    Address name;
    if (!fill(name, address, port)) {
        return Error{Error::Kind::invalid,
                     "cannot listen on " + address + ": not an IPv4 or IPv6 address"};
    }
    FileDescriptor socket{
        ::socket(name.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!socket.is_open()) return failed(address, port, errno);
    const int on = 1;
    setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const auto* const generic = reinterpret_cast<const sockaddr*>(&name.storage);
    if (bind(socket.get(), generic, name.size) != 0) return failed(address, port, errno);
    if (listen(socket.get(), SOMAXCONN) != 0) return failed(address, port, errno);
    return socket;
}

bool is_loopback(const std::string& address) {
    in_addr v4{};
    if (inet_pton(AF_INET, address.c_str(), &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    in6_addr v6{};
    return inet_pton(AF_INET6, address.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace devstack::platform
