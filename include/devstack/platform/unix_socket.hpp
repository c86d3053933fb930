#pragma once

#include "devstack/base/result.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include <optional>
#include <string>

// Stream sockets in the file system (unix(7)). The kernel takes names of up to 107 bytes; longer
// ones are reached as "/proc/self/fd/N/NAME" through a descriptor of their directory.
namespace devstack::platform {

/// A listening, non-blocking socket at `path`, which only this user may open (0600 from the first
/// moment). What is there already is replaced: the caller knows that nobody serves it.
Result<FileDescriptor> listen_unix(const std::string& path);

/// The next connection, non-blocking; empty when there is none now. Fails with kind busy when the
/// process has no descriptor or memory left: try again later.
Result<std::optional<FileDescriptor>> accept_unix(const FileDescriptor& listener);

/// A connected, blocking socket. Fails with not_found (no such file), busy (nobody listens: a stale
/// socket), not_permitted, timed_out (it does not accept), or system.
Result<FileDescriptor> connect_unix(const std::string& path);

/// Who is at the other end, by SO_PEERCRED: as it was when the connection was made.
struct Peer {
    int pid = 0;
    unsigned user_id = 0;
};
Result<Peer> peer_of(const FileDescriptor& connection);

/// True for this process's own (effective) user and for root.
bool is_own_or_root(const Peer& peer);

/// True when the other end has been closed altogether. One that has only ended its sending
/// (shutdown(2)) may still wait for an answer.
bool is_hung_up(int connection);

}  // namespace devstack::platform
