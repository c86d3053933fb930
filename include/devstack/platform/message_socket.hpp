#pragma once

#include "devstack/platform/file_descriptor.hpp"

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>

/// Whole messages with descriptors over a SOCK_SEQPACKET socket (unix(7)). Nothing here blocks or
/// allocates.
namespace devstack::platform {

/// Descriptors that may ride with one message.
inline constexpr std::size_t message_descriptors_max = 20;

enum class SendOutcome {
    sent,
    full,                ///< Try again when the socket is writable.
    short_of_resources,  ///< Kernel memory, or descriptors in flight: try again after a while.
    gone,                ///< The peer is away, for ever.
};

/// The descriptors are duplicated into the message; the caller keeps its own.
SendOutcome send_message(int socket,
                         const void* bytes,
                         std::size_t size,
                         std::span<const int> descriptors = {});
inline SendOutcome send_message(int socket,
                                const void* bytes,
                                std::size_t size,
                                std::initializer_list<int> descriptors) {
    return send_message(socket, bytes, size, std::span{descriptors.begin(), descriptors.size()});
}

struct ReceivedMessage {
    enum class Outcome {
        message,
        nothing_now,
        end,  ///< End of the stream; a message without a byte looks the same.
    };

    Outcome outcome = Outcome::nothing_now;
    std::size_t size = 0;
    bool is_cut = false;                ///< It was longer than the buffer.
    bool has_lost_descriptors = false;  ///< They were too many, or our own limit was reached.
    /// In the order of sending; closed ones at the end. All are close-on-exec.
    std::array<FileDescriptor, message_descriptors_max> descriptors;
};

ReceivedMessage receive_message(int socket, void* buffer, std::size_t capacity);

}  // namespace devstack::platform
