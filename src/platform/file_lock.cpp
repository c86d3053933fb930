#include "devstack/platform/file_lock.hpp"

#include "devstack/platform/clock.hpp"

#include <cerrno>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <sys/file.h>

namespace devstack::platform {

Result<FileDescriptor> lock_file(const std::string& path, Duration timeout) {
    constexpr mode_t owner_only = 0600;
    FileDescriptor file{
        ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, owner_only)};
    if (!file.is_open()) {
        return Error{Error::Kind::system, "cannot open " + path + ": " + std::strerror(errno)};
    }
    const TimePoint deadline = now() + timeout;
    // flock(2) has no deadline of its own, and a signal to interrupt it would be everybody's.
    while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return Error{Error::Kind::system, "cannot lock " + path + ": " + std::strerror(errno)};
        }
        if (now() >= deadline) {
            return Error{Error::Kind::timed_out,
                         "another devstack is starting here and holds " + path +
                             " for longer than " + render_duration(timeout)};
        }
        const timespec pause{0, 10'000'000};
        ::nanosleep(&pause, nullptr);
    }
    return file;
}

}  // namespace devstack::platform
