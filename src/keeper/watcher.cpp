#include "watcher.hpp"

#include <algorithm>

namespace devstack::keeper {

bool Watcher::open() {
    epoll_ = platform::FileDescriptor{::epoll_create1(EPOLL_CLOEXEC)};
    return epoll_.is_open();
}

bool Watcher::add(int descriptor, std::uint64_t about, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.u64 = about;
    return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void Watcher::change(int descriptor, std::uint64_t about, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.u64 = about;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event);
}

void Watcher::close(platform::FileDescriptor& descriptor) const {
    if (!descriptor.is_open()) return;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor.get(), nullptr);
    descriptor.reset();
}

std::span<const epoll_event> Watcher::wait(int timeout_ms) {
    const int count =
        ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), timeout_ms);
    return {events_.data(), static_cast<std::size_t>(std::max(count, 0))};
}

}  // namespace devstack::keeper
