#pragma once

#include "devstack/daemon/probe_runner.hpp"

#include <cstdint>
#include <deque>
#include <string>

#include <boost/asio/io_context.hpp>

namespace devstack::daemon {

/// Has rotated log files compressed, one after the other, by a process of its own that leaves the
/// processor to all others. Its arguments are read by cli/process_modes.cpp.
class LogCompressor {
public:
    LogCompressor(boost::asio::io_context& loop, CommandLauncher& launcher, std::string log_dir);

    /// A log of this service has been rotated: all its old files are to be compressed.
    void add(const std::string& service);
    /// What is under way is given up; the files stay as they were.
    void cancel();

private:
    void begin_next();
    void ended(const CommandLauncher::Ended& ended);

    boost::asio::io_context& loop_;
    CommandLauncher& launcher_;
    std::string log_dir_;
    std::deque<std::string> waiting_;  ///< The first one is under way.
    std::uint64_t ticket_ = 0;
};

}  // namespace devstack::daemon
