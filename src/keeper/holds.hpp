#pragma once

#include "devstack/platform/file_descriptor.hpp"
#include "devstack/platform/keeper_protocol.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace devstack::keeper {

/// More than services have sockets.
inline constexpr std::size_t holds_max = std::size_t{16} * 1024;

/// A descriptor that is kept for the daemons to come.
struct Hold {
    using Label = std::array<char, platform::keeper_protocol::label_size>;

    std::uint64_t token = 0;  ///< 0: unused.
    platform::FileDescriptor descriptor;
    Label label{};
};

/// What daemons have given us to hold, in memory that is reserved once. Found by looking at all:
/// that is done when a daemon asks, and seldom.
class Holds {
public:
    /// False when there is no memory. Before anything else.
    bool reserve();

    /// Nothing happens when the token is in use or there is no room.
    void add(std::uint64_t token, const Hold::Label& label, platform::FileDescriptor descriptor);
    void release(std::uint64_t token);

    const Hold& at(std::size_t slot) const { return holds_[slot]; }
    /// Every slot ever used is below.
    std::size_t slots_end() const { return used_end_; }
    std::size_t count() const;

private:
    Hold* find(std::uint64_t token);

    Hold* holds_ = nullptr;  ///< Constructed below `used_end_`.
    std::size_t used_end_ = 0;
};

}  // namespace devstack::keeper
