#include "devstack/platform/file_descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace devstack::platform {

void FileDescriptor::reset() noexcept {
    // Never repeated after EINTR: on Linux the descriptor is gone by then, see close(2).
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

FileDescriptor duplicate(int descriptor) {
    return FileDescriptor{::fcntl(descriptor, F_DUPFD_CLOEXEC, 0)};
}

}  // namespace devstack::platform
