#pragma once

#include "devstack/base/time.hpp"

#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace devstack::daemon {

/// Calls `on_quiet` once nothing has been noted for `quiet`, and not again before something is.
/// To note something costs no system call but the first after a quiet time.
class QuietWatch {
public:
    QuietWatch(boost::asio::io_context& loop, Duration quiet, std::function<void()> on_quiet)
        : timer_{loop}, quiet_{quiet}, on_quiet_{std::move(on_quiet)} {}

    void note();
    /// It is not called any more.
    void close();

private:
    void wait(Duration duration);

    boost::asio::steady_timer timer_;
    Duration quiet_;
    std::function<void()> on_quiet_;
    TimePoint last_noted_;
    bool is_waiting_ = false;
};

}  // namespace devstack::daemon
