#include "daemon/end_watch.hpp"

#include <utility>

#include <boost/asio/post.hpp>

namespace devstack::daemon {

void EndWatch::add(platform::FileDescriptor pidfd, std::function<void()> on_end) {
    boost::asio::posix::stream_descriptor descriptor{loop_};
    boost::system::error_code error = boost::asio::error::bad_descriptor;
    if (pidfd.is_open()) descriptor.assign(pidfd.get(), error);
    if (error) {
        boost::asio::post(loop_, [weak = std::weak_ptr{alive_}, on_end = std::move(on_end)] {
            if (!weak.expired()) on_end();
        });
        return;
    }
    (void)pidfd.release();
    const std::size_t number = ++last_;
    auto& watched = watched_.emplace(number, std::move(descriptor)).first->second;
    watched.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [this, weak = std::weak_ptr{alive_}, number, on_end = std::move(on_end)](
                           boost::system::error_code gone) {
                           if (gone || weak.expired()) return;
                           watched_.erase(number);
                           on_end();
                       });
}

}  // namespace devstack::daemon
