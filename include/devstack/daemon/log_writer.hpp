#pragma once

#include "devstack/base/result.hpp"
#include "devstack/core/logs/log_line.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace devstack::daemon {

/// Takes the children's output from their pipes to `logs/SERVICE.log`, byte for byte and in the
/// order in which it was taken, with the index beside it, and rotates.
///
/// Bytes go by splice(2) where the file system can, so they never live in this process. A pipe that
/// gives little at a time is left alone for limits::capture_coalesce_delay after each turn.
/// When the disk is full, output is read and dropped (no child is ever blocked), one problem is
/// reported, and capture resumes by itself.
class LogWriter {
public:
    struct Observer {
        /// Something was added to the service's log; called at most once a turn of the loop.
        std::function<void(const std::string& service)> grown;
        /// Capture suffers, or is well again: whole sentences for people. Without a service they
        /// are about all of them.
        std::function<void(const std::string& service, const std::string& what)> noticed;
        /// How many bytes all log files together may have; asked after each rotation. The oldest
        /// rotated ones are removed then, never a file that is written. Without it: no limit.
        std::function<std::uint64_t()> size_max;
        /// The service's log has been rotated. From the loop, never from inside a call.
        std::function<void(const std::string& service)> rotated;
    };

    LogWriter(boost::asio::io_context& loop, std::string log_dir, Observer observer);
    ~LogWriter();
    LogWriter(const LogWriter&) = delete;
    LogWriter& operator=(const LogWriter&) = delete;

    /// Captures until end-of-file, then calls `at_end` once, from the loop. The file is opened at
    /// the first byte. Several pipes may feed one service.
    void capture(const std::string& service,
                 std::uint32_t run,
                 core::LogStream stream,
                 platform::FileDescriptor pipe,
                 std::function<void()> at_end);

    /// Takes what is in the service's pipes now, without waiting: for the last words of an exit.
    void drain(const std::string& service);

private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace devstack::daemon
