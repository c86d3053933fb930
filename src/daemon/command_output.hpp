#pragma once

#include "devstack/platform/file_descriptor.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace devstack::daemon {

/// Reads what a command writes and keeps the end of it.
class CommandOutput : public std::enable_shared_from_this<CommandOutput> {
public:
    CommandOutput(boost::asio::io_context& loop,
                  platform::FileDescriptor standard_output,
                  platform::FileDescriptor standard_error,
                  std::size_t kept_max);
    void begin();
    /// What is in the pipes now is taken too; then they are closed.
    std::string finish();

private:
    using Stream = boost::asio::posix::stream_descriptor;
    void wait(Stream& stream);
    /// False at end-of-file.
    bool take(Stream& stream);

    std::array<Stream, 2> streams_;
    std::size_t kept_max_;
    std::string tail_;
};

}  // namespace devstack::daemon
