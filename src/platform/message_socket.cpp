#include "devstack/platform/message_socket.hpp"

#include "devstack/base/assert.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>

namespace devstack::platform {

namespace {

/// Room for the control data of one message, aligned as the kernel wants it.
struct ControlBuffer {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(message_descriptors_max * sizeof(int))> bytes{};
};

SendOutcome outcome_of(int error) {
    switch (error) {
        case EAGAIN: return SendOutcome::full;
        case ENOBUFS:
        case ENOMEM:
        case ETOOMANYREFS: return SendOutcome::short_of_resources;
        default: return SendOutcome::gone;
    }
}

void take_descriptors(const cmsghdr& control, ReceivedMessage& message) {
    const std::size_t count = (control.cmsg_len - CMSG_LEN(0)) / sizeof(int);
    const auto* data = CMSG_DATA(&control);
    for (std::size_t i = 0; i < count; ++i) {
        int descriptor = -1;
        std::memcpy(&descriptor, data + i * sizeof descriptor, sizeof descriptor);
        message.descriptors.at(i) = FileDescriptor{descriptor};
    }
}

}  // namespace

SendOutcome send_message(int socket,
                         const void* bytes,
                         std::size_t size,
                         std::span<const int> descriptors) {
    DEVSTACK_ASSERT(descriptors.size() <= message_descriptors_max, "descriptors of a message fit");
    iovec content{const_cast<void*>(bytes), size};
    ControlBuffer control;
    msghdr header{};
    header.msg_iov = &content;
    header.msg_iovlen = 1;
    if (!descriptors.empty()) {
        header.msg_control = control.bytes.data();
        header.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
        cmsghdr* rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
        std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size() * sizeof(int));
    }
    while (::sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        if (errno != EINTR) return outcome_of(errno);
    }
    return SendOutcome::sent;
}

ReceivedMessage receive_message(int socket, void* buffer, std::size_t capacity) {
    ReceivedMessage message;
    iovec content{buffer, capacity};
    ControlBuffer control;
    msghdr header{};
    header.msg_iov = &content;
    header.msg_iovlen = 1;
    header.msg_control = control.bytes.data();
    header.msg_controllen = control.bytes.size();
    ssize_t size = -1;
    do {
        // ECONNRESET: the peer has closed without reading all that we have sent. It is told once,
        // and before the peer's own last messages, which are still there.
        size = ::recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (size < 0 && (errno == EINTR || errno == ECONNRESET));
    if (size < 0) {
        const bool may_come = errno == EAGAIN || errno == ENOMEM || errno == ENOBUFS;
        if (!may_come) message.outcome = ReceivedMessage::Outcome::end;
        return message;
    }
    for (cmsghdr* control_message = CMSG_FIRSTHDR(&header); control_message != nullptr;
         control_message = CMSG_NXTHDR(&header, control_message)) {
        const bool has_descriptors =
            control_message->cmsg_level == SOL_SOCKET && control_message->cmsg_type == SCM_RIGHTS;
        if (has_descriptors) take_descriptors(*control_message, message);
    }
    message.outcome = size == 0 ? ReceivedMessage::Outcome::end : ReceivedMessage::Outcome::message;
    message.size = static_cast<std::size_t>(size);
    message.is_cut = (header.msg_flags & MSG_TRUNC) != 0;
    message.has_lost_descriptors = (header.msg_flags & MSG_CTRUNC) != 0;
    return message;
}

}  // namespace devstack::platform
