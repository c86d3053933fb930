#pragma once

#include "devstack/platform/file_descriptor.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace devstack::daemon {

/// Tells when processes end whose parent we are not, nor the keeper is: by their pidfds, which
/// become readable then.
class EndWatch {
public:
    explicit EndWatch(boost::asio::io_context& loop) : loop_{loop} {}

    /// Calls `on_end` once, from the loop, when the process of this pidfd has ended. Without a
    /// pidfd it counts as ended. The watch is given up with this object.
    void add(platform::FileDescriptor pidfd, std::function<void()> on_end);

private:
    boost::asio::io_context& loop_;
    std::size_t last_ = 0;
    std::map<std::size_t, boost::asio::posix::stream_descriptor> watched_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace devstack::daemon
