#include "devstack/platform/tcp_listener.hpp"

#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace devstack::platform {

namespace {

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

Address make_address(const std::string& text, Port port) {
    Address address;
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port.number);
        address.size = sizeof *v4;
    } else if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port.number);
        address.size = sizeof *v6;
    }
    return address;
}

Error failed(const std::string& text, Port port, int code) {
    const bool is_v6 = text.find(':') != std::string::npos;
    Error error;
    error.message = "cannot listen on " + (is_v6 ? "[" + text + "]" : text) + ":" +
                    to_string(port) + ": " + std::strerror(code);
    switch (code) {
        case EACCES:
        case EPERM: error.kind = Error::Kind::not_permitted; break;
        case EADDRINUSE: error.kind = Error::Kind::busy; break;
        case EADDRNOTAVAIL: error.kind = Error::Kind::not_found; break;
        case EINVAL:
        case EAFNOSUPPORT: error.kind = Error::Kind::invalid; break;
        default: error.kind = Error::Kind::system; break;
    }
    return error;
}

}  // namespace

Result<FileDescriptor> listen_tcp(const std::string& text, Port port) {
    const Address address = make_address(text, port);
    if (address.size == 0) return failed(text, port, EINVAL);
    FileDescriptor socket{
        ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP)};
    if (!socket.is_open()) return failed(text, port, errno);
    // Connections of an earlier listener may still be closing.
    const int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const auto* generic = reinterpret_cast<const sockaddr*>(&address.storage);
    if (::bind(socket.get(), generic, address.size) != 0 ||
        ::listen(socket.get(), SOMAXCONN) != 0) {
        return failed(text, port, errno);
    }
    return socket;
}

Port local_port(const FileDescriptor& listener) {
    Address address;
    address.size = sizeof address.storage;
    auto* generic = reinterpret_cast<sockaddr*>(&address.storage);
    if (::getsockname(listener.get(), generic, &address.size) != 0) return {};
    // The port stands at the same place in both families.
    return Port{ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port)};
}

void make_blocking(int descriptor) {
    const int flags = ::fcntl(descriptor, F_GETFL);
    if (flags >= 0) ::fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK);
}

}  // namespace devstack::platform
