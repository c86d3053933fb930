#pragma once

#include "devstack/base/time.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include <optional>
#include <vector>

namespace devstack::platform {

/// Turns signals into something to poll for (signalfd(2)): while it exists they are blocked and
/// read from it. For programs with one thread.
class SignalWatch {
public:
    explicit SignalWatch(const std::vector<int>& signals);
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    int fd() const { return file_.get(); }
    /// The next signal that has come; empty when there is none now.
    std::optional<int> take();

private:
    std::vector<int> signals_;
    FileDescriptor file_;
};

/// Waits until one of the descriptors can be read, or the time is over (poll(2)). Negative ones are
/// passed over. An end-of-file counts as readable. Empty timeout: for ever.
void wait_readable(const std::vector<int>& descriptors, std::optional<Duration> timeout);

}  // namespace devstack::platform
