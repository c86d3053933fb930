#pragma once

#include "devstack/base/port.hpp"

#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace devstack::test {

/// Takes connections into its queue until that is full: a further one gets no answer at all.
class FullQueue {
public:
    FullQueue() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
        auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
        socklen_t size = sizeof address;
        sockets_.push_back(::socket(AF_INET, SOCK_STREAM, 0));
        ::bind(sockets_[0], generic, size);
        ::listen(sockets_[0], 0);
        ::getsockname(sockets_[0], generic, &size);
        port_ = Port{ntohs(address.sin_port)};
        for (int i = 0; i < 4; ++i) {
            sockets_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
            ::connect(sockets_.back(), generic, size);
        }
    }
    FullQueue(const FullQueue&) = delete;
    FullQueue& operator=(const FullQueue&) = delete;
    ~FullQueue() {
        for (const int socket : sockets_)
            ::close(socket);
    }
    Port port() const { return port_; }

private:
    std::vector<int> sockets_;
    Port port_;
};

}  // namespace devstack::test
