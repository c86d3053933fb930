#include "devstack/platform/process_handle.hpp"

#include <cerrno>
#include <system_error>

#include <sys/syscall.h>
#include <unistd.h>

namespace devstack::platform {

Result<FileDescriptor> open_process(const Procfs& procfs, int pid, std::uint64_t start_ticks) {
    const std::string name = "process " + std::to_string(pid);
    // By number: the wrapper is younger than the oldest C library we run on.
    FileDescriptor handle{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
    const int reason = errno;
    if (!handle.is_open() && reason != ESRCH) {
        return Error{Error::Kind::system,
                     "cannot watch " + name + ": " + std::generic_category().message(reason)};
    }
    // Looked at after the open: now the pid can not change hands unnoticed.
    const auto process = find_process(procfs, pid);
    if (!handle.is_open() || !process || process->start_ticks != start_ticks) {
        return Error{Error::Kind::not_found, name + " has ended"};
    }
    return handle;
}

}  // namespace devstack::platform
