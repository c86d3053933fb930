#pragma once

#include "devstack/platform/file_descriptor.hpp"

#include <array>
#include <cstdint>
#include <span>

#include <sys/epoll.h>

namespace devstack::keeper {

/// Which descriptors have something to tell (epoll(7)), each with a number that says what about.
class Watcher {
public:
    /// False when the system refuses.
    bool open();
    bool add(int descriptor, std::uint64_t about, std::uint32_t events = EPOLLIN) const;
    void change(int descriptor, std::uint64_t about, std::uint32_t events) const;
    /// Closes it too. close(2) alone does not end the watch: a child that has not reached exec yet
    /// has a copy of the descriptor, and its events would come for ever if that child hangs.
    void close(platform::FileDescriptor& descriptor) const;

    /// Waits for so many milliseconds, -1: for ever. Valid until the next call.
    std::span<const epoll_event> wait(int timeout_ms);

private:
    platform::FileDescriptor epoll_;
    std::array<epoll_event, 64> events_{};
};

}  // namespace devstack::keeper
