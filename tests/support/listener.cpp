#include "listener.hpp"

#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace devstack::test {

namespace {

/// Text and port as the kernel wants them; v6 sockets here are never v4 as well.
sockaddr_storage make_address(const std::string& text, Port port) {
    sockaddr_storage address{};
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port.number);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port.number);
    if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
        std::memcpy(&address, &v4, sizeof v4);
    } else {
        ::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr);
        std::memcpy(&address, &v6, sizeof v6);
    }
    return address;
}

}  // namespace

Listener::Listener(const std::string& address, Port port) {
    sockaddr_storage local = make_address(address, port);
    auto* generic = static_cast<sockaddr*>(static_cast<void*>(&local));
    fd_ = ::socket(local.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    if (local.ss_family == AF_INET6) ::setsockopt(fd_, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    constexpr int backlog = 4096;
    is_listening_ =
        fd_ >= 0 && ::bind(fd_, generic, sizeof local) == 0 && ::listen(fd_, backlog) == 0;
    socklen_t size = sizeof local;
    ::getsockname(fd_, generic, &size);
    sockaddr_in v4{};
    std::memcpy(&v4, &local, sizeof v4);  // The port stands at the same place in both families.
    port_ = Port{ntohs(v4.sin_port)};
}

void Listener::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

std::uint64_t Listener::inode() const {
    struct stat status {};
    ::fstat(fd_, &status);
    return status.st_ino;
}

Port unused_port() {
    return Listener{"127.0.0.1"}.port();
}

SocketInFlight::SocketInFlight(Listener& listener) {
    ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_);
    char byte = 'x';
    iovec content{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &content;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    auto* header = static_cast<cmsghdr*>(static_cast<void*>(control));
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int socket = listener.fd();
    std::memcpy(CMSG_DATA(header), &socket, sizeof socket);
    ::sendmsg(ends_[0], &message, 0);
    listener.close();
}

SocketInFlight::~SocketInFlight() {
    ::close(ends_[0]);
    ::close(ends_[1]);
}

}  // namespace devstack::test
