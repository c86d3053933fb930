#pragma once

#include "devstack/base/result.hpp"

#include <boost/asio/io_context.hpp>

namespace devstack::daemon {

/// That the kernel lets the loop wait for time, and for other threads. Asio takes no notice of it
/// when it may not watch its own descriptors (epoll_ctl(2): ENOMEM, ENOSPC), and then no timer ever
/// fires. Comes before others have loops of their own.
Status check_loop(boost::asio::io_context& loop);

}  // namespace devstack::daemon
