#include "devstack/platform/signal_watch.hpp"

#include <algorithm>
#include <csignal>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace devstack::platform {

namespace {

sigset_t set_of(const std::vector<int>& signals) {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : signals)
        ::sigaddset(&set, signal);
    return set;
}

}  // namespace

SignalWatch::SignalWatch(const std::vector<int>& signals) : signals_{signals} {
    const sigset_t set = set_of(signals_);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    file_ = FileDescriptor{::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)};
}

SignalWatch::~SignalWatch() {
    const sigset_t set = set_of(signals_);
    ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

std::optional<int> SignalWatch::take() {
    signalfd_siginfo info{};
    if (::read(file_.get(), &info, sizeof(info)) != sizeof(info)) return std::nullopt;
    return static_cast<int>(info.ssi_signo);
}

void wait_readable(const std::vector<int>& descriptors, std::optional<Duration> timeout) {
    std::vector<pollfd> polled;
    for (const int fd : descriptors) {
        if (fd >= 0) polled.push_back({fd, POLLIN, 0});
    }
    int milliseconds = -1;
    if (timeout) {
        // Rounded up: waking a moment early would only mean to wait again.
        const auto whole = std::chrono::ceil<std::chrono::milliseconds>(*timeout).count();
        milliseconds = static_cast<int>(std::clamp<decltype(whole)>(whole, 0, 1'000'000'000));
    }
    ::poll(polled.data(), polled.size(), milliseconds);
}

}  // namespace devstack::platform
