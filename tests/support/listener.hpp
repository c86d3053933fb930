#pragma once

#include "devstack/base/port.hpp"

#include <cstdint>
#include <string>

namespace devstack::test {

/// A listening TCP socket of the test, that nobody serves.
class Listener {
public:
    /// On a free port unless one is given.
    explicit Listener(const std::string& address, Port port = {});
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() { close(); }

    void close();
    bool is_listening() const { return is_listening_; }
    Port port() const { return port_; }
    int fd() const { return fd_; }
    std::uint64_t inode() const;

private:
    int fd_ = -1;
    bool is_listening_ = false;
    Port port_;
};

/// A port on which nobody listens.
Port unused_port();

/// Takes the listener's socket away and keeps it alive without an owner: sent to a Unix socket from
/// which nobody has received it yet.
class SocketInFlight {
public:
    explicit SocketInFlight(Listener& listener);
    SocketInFlight(const SocketInFlight&) = delete;
    SocketInFlight& operator=(const SocketInFlight&) = delete;
    ~SocketInFlight();

private:
    int ends_[2] = {-1, -1};
};

}  // namespace devstack::test
