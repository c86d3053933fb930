#pragma once

#include "devstack/platform/file_descriptor.hpp"

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace devstack::daemon {

/// Looks at what is in a pipe without taking it, by tee(2) through a pipe of its own. What a crash
/// interrupts stays where it was.
class PipePeek {
public:
    /// The first bytes in `pipe`, valid until the next call; empty at its end. Nothing, with errno,
    /// when there are none (EAGAIN) or the descriptor can not be looked into.
    std::optional<std::string_view> look(int pipe);

private:
    bool open();

    platform::FileDescriptor in_;
    platform::FileDescriptor out_;
    std::vector<char> buffer_;
};

}  // namespace devstack::daemon
