#include "daemon/pipe_peek.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace devstack::daemon {

namespace {

constexpr std::size_t look_size = 64 * 1024;

}  // namespace

bool PipePeek::open() {
    if (in_.is_open()) return true;
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
    out_ = platform::FileDescriptor{ends[0]};
    in_ = platform::FileDescriptor{ends[1]};
    buffer_.resize(look_size);
    return true;
}

std::optional<std::string_view> PipePeek::look(int pipe) {
    if (!open()) return std::nullopt;
    const ssize_t copied = ::tee(pipe, in_.get(), look_size, SPLICE_F_NONBLOCK);
    if (copied < 0) return std::nullopt;
    std::size_t read_so_far = 0;
    while (read_so_far < static_cast<std::size_t>(copied)) {
        const ssize_t got = ::read(out_.get(), &buffer_[read_so_far], look_size - read_so_far);
        if (got > 0) {
            read_so_far += static_cast<std::size_t>(got);
        } else if (got == 0 || errno != EINTR) {
            in_.reset();  // What is left in it would be taken for the next pipe's.
            errno = EIO;
            return std::nullopt;
        }
    }
    return std::string_view{buffer_.data(), read_so_far};
}

}  // namespace devstack::daemon
