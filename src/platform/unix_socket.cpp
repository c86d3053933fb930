#include "devstack/platform/unix_socket.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace devstack::platform {

namespace {

constexpr int connect_patience_seconds = 5;

Error failed(const std::string& act, const std::string& path, int code) {
    Error error;
    error.message = "cannot " + act + " " + path + ": " + std::strerror(code);
    switch (code) {
        case ENOENT:
        case ENOTDIR: error.kind = Error::Kind::not_found; break;
        case ECONNREFUSED: error.kind = Error::Kind::busy; break;
        case EACCES:
        case EPERM: error.kind = Error::Kind::not_permitted; break;
        case EAGAIN: error.kind = Error::Kind::timed_out; break;
        default: error.kind = Error::Kind::system; break;
    }
    return error;
}

/// An address for `path`, and the directory that it needs to stay open.
struct Address {
    sockaddr_un name{};
    socklen_t size = 0;
    FileDescriptor directory;
};

Result<Address> make_address(const std::string& act, const std::string& path) {
    Address address;
    std::string reachable = path;
    if (path.size() >= sizeof(address.name.sun_path)) {
        const std::size_t slash = path.rfind('/');
        const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
        address.directory =
            FileDescriptor{open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
        if (!address.directory.is_open()) return failed(act, path, errno);
        reachable = "/proc/self/fd/" + std::to_string(address.directory.get()) + "/" +
                    path.substr(slash == std::string::npos ? 0 : slash + 1);
        if (reachable.size() >= sizeof(address.name.sun_path)) {
            return failed(act, path, ENAMETOOLONG);
        }
    }
    address.name.sun_family = AF_UNIX;
    std::memcpy(address.name.sun_path, reachable.c_str(), reachable.size() + 1);
    address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + reachable.size() + 1);
    return address;
}

const sockaddr* generic(const Address& address) {
    return reinterpret_cast<const sockaddr*>(&address.name);
}

}  // namespace

Result<FileDescriptor> listen_unix(const std::string& path) {
    const std::string act = "listen on";
    FileDescriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!socket.is_open()) return failed(act, path, errno);
    Result<Address> address = make_address(act, path);
    if (!address) return std::move(address).error();
    if (unlink(path.c_str()) != 0 && errno != ENOENT) return failed(act, path, errno);
    // On Linux the mode of an unbound socket is that of the file which bind(2) makes.
    if (fchmod(socket.get(), S_IRUSR | S_IWUSR) != 0) return failed(act, path, errno);
    if (bind(socket.get(), generic(*address), address->size) != 0) return failed(act, path, errno);
    if (listen(socket.get(), SOMAXCONN) != 0) return failed(act, path, errno);
    return socket;
}

Result<std::optional<FileDescriptor>> accept_unix(const FileDescriptor& listener) {
    while (true) {
        const int fd = accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) return std::optional<FileDescriptor>{FileDescriptor{fd}};
        switch (errno) {
            case EINTR:
            case ECONNABORTED: continue;
            case EAGAIN: return std::optional<FileDescriptor>{};
            case EMFILE:
            case ENFILE:
            case ENOBUFS:
            case ENOMEM:
                return Error{Error::Kind::busy,
                             std::string{"cannot accept a connection: "} + std::strerror(errno)};
            default:
                return Error{Error::Kind::system,
                             std::string{"cannot accept a connection: "} + std::strerror(errno)};
        }
    }
}

Result<FileDescriptor> connect_unix(const std::string& path) {
    const std::string act = "connect to";
    FileDescriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!socket.is_open()) return failed(act, path, errno);
    Result<Address> address = make_address(act, path);
    if (!address) return std::move(address).error();
    // A server that does not accept any more would keep us here for ever.
    const timeval patience{connect_patience_seconds, 0};
    setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    while (connect(socket.get(), generic(*address), address->size) != 0) {
        if (errno != EINTR) return failed(act, path, errno);
    }
    return socket;
}

Result<Peer> peer_of(const FileDescriptor& connection) {
    ucred credentials{};
    socklen_t size = sizeof(credentials);
    if (getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
        return Error{Error::Kind::system,
                     std::string{"cannot tell who has connected: "} + std::strerror(errno)};
    }
    return Peer{credentials.pid, credentials.uid};
}

bool is_own_or_root(const Peer& peer) {
    return peer.user_id == 0 || peer.user_id == geteuid();
}

bool is_hung_up(int connection) {
    pollfd entry{connection, 0, 0};
    return poll(&entry, 1, 0) == 1 && (entry.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace devstack::platform
