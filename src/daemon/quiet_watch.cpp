#include "daemon/quiet_watch.hpp"

#include "devstack/platform/clock.hpp"

#include <utility>

namespace devstack::daemon {

void QuietWatch::note() {
    last_noted_ = platform::now();
    if (!std::exchange(is_waiting_, true)) wait(quiet_);
}

void QuietWatch::close() {
    timer_.cancel();
}

void QuietWatch::wait(Duration duration) {
    timer_.expires_after(duration);
    timer_.async_wait([this](boost::system::error_code error) {
        if (error) return;
        const Duration passed = platform::now() - last_noted_;
        if (passed < quiet_) return wait(quiet_ - passed);
        is_waiting_ = false;
        on_quiet_();
    });
}

}  // namespace devstack::daemon
