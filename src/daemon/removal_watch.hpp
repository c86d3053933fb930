#pragma once

#include "devstack/base/time.hpp"
#include "devstack/platform/directory_watch.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace devstack::daemon {

/// Tells when somebody may have removed what a project keeps (`rm -rf`, `git clean -dfx`), or moved
/// it: limits::removal_delay after the first change there, when most of it is over.
/// The kernel tells it; nothing is looked at while nothing happens. Where the kernel watches as
/// many directories as it may, nothing is told.
class RemovalWatch {
public:
    /// Of the `directories` everything counts that comes and goes in them; of the `places` only
    /// that they are moved or removed themselves.
    RemovalWatch(boost::asio::io_context& loop,
                 std::vector<std::string> directories,
                 std::vector<std::string> places,
                 std::function<void()> changed);
    ~RemovalWatch();
    RemovalWatch(const RemovalWatch&) = delete;
    RemovalWatch& operator=(const RemovalWatch&) = delete;

    /// Begins, or begins anew when the directories have been made again.
    void open();
    /// `changed` comes once more, after limits::removal_retry, whatever happens.
    void try_again();
    /// Nothing is told any more, and a close that comes later does not wait: the kernel waits for
    /// its own readers, milliseconds, before it closes a descriptor that still watches something.
    void let_go();
    void close();

private:
    void wait();
    void arm(Duration duration);

    std::vector<std::string> directories_;
    std::vector<std::string> places_;
    std::function<void()> changed_;
    std::optional<platform::DirectoryWatch> kernel_;
    std::vector<int> watches_;  ///< Of `kernel_`.
    boost::asio::posix::stream_descriptor events_;
    boost::asio::steady_timer timer_;
    bool is_armed_ = false;
};

}  // namespace devstack::daemon
