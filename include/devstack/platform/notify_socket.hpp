#pragma once

#include "devstack/base/result.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// The receiving side of sd_notify(3).
namespace devstack::platform {

/// Longest that a service may put into NOTIFY_SOCKET (unix(7)).
inline constexpr std::size_t notify_path_max = 107;

/// A datagram socket at `path`, of at most `notify_path_max` bytes, non-blocking, that only `owner`
/// and root may write to. What is there already is replaced. Every datagram comes with its sender.
Result<FileDescriptor> bind_notify_socket(const std::string& path, std::uint32_t owner);

/// One datagram, and who has sent it, as the kernel says.
struct NotifyDatagram {
    std::string text;  ///< Cut to what systemd reads.
    int sender = 0;    ///< 0: in another pid namespace.
    std::uint32_t user = 0;
};

/// The next one; empty when there is none now. Descriptors that came with it are closed, which is
/// what sd_notify_barrier(3) waits for.
std::optional<NotifyDatagram> receive_notification(int socket);

}  // namespace devstack::platform
