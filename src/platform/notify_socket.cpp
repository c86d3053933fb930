#include "devstack/platform/notify_socket.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace devstack::platform {

namespace {

/// PIPE_BUF, as systemd.
constexpr std::size_t datagram_size_max = 4096;
/// Of descriptors in one message (SCM_MAX_FD), all of which have to be closed.
constexpr std::size_t descriptors_max = 253;

Error failed(const std::string& path) {
    return {Error::Kind::system, "cannot listen on " + path + ": " + std::strerror(errno)};
}

void close_all(const cmsghdr& rights) {
    const std::size_t count = (rights.cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
        int descriptor = -1;
        std::memcpy(&descriptor, CMSG_DATA(&rights) + i * sizeof descriptor, sizeof descriptor);
        ::close(descriptor);
    }
}

}  // namespace

Result<FileDescriptor> bind_notify_socket(const std::string& path, std::uint32_t owner) {
    FileDescriptor socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!socket.is_open()) return failed(path);
    const int on = 1;
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
        return failed(path);
    }
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() > notify_path_max) {
        errno = ENAMETOOLONG;
        return failed(path);
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed(path);
    // On Linux the mode of an unbound socket is that of the file which bind(2) makes.
    if (::fchmod(socket.get(), S_IRUSR | S_IWUSR) != 0) return failed(path);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return failed(path);
    }
    if (owner != ::geteuid() && ::lchown(path.c_str(), owner, static_cast<gid_t>(-1)) != 0) {
        return failed(path);
    }
    return socket;
}

std::optional<NotifyDatagram> receive_notification(int socket) {
    std::array<char, datagram_size_max> buffer;
    alignas(cmsghdr)
        std::array<char, CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(descriptors_max * sizeof(int))>
            control;
    iovec content{buffer.data(), buffer.size()};
    msghdr header{};
    header.msg_iov = &content;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    ssize_t size = -1;
    do {
        size = ::recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (size < 0 && errno == EINTR);
    if (size < 0) return std::nullopt;
    NotifyDatagram datagram;
    datagram.text.assign(buffer.data(), static_cast<std::size_t>(size));
    for (cmsghdr* it = CMSG_FIRSTHDR(&header); it != nullptr; it = CMSG_NXTHDR(&header, it)) {
        if (it->cmsg_level != SOL_SOCKET) continue;
        if (it->cmsg_type == SCM_RIGHTS) close_all(*it);
        if (it->cmsg_type != SCM_CREDENTIALS) continue;
        ucred credentials{};
        std::memcpy(&credentials, CMSG_DATA(it), sizeof credentials);
        datagram.sender = credentials.pid;
        datagram.user = credentials.uid;
    }
    return datagram;
}

}  // namespace devstack::platform
