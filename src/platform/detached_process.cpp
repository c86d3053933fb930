#include "devstack/platform/detached_process.hpp"

#include "devstack/platform/file_descriptor.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace devstack::platform {

namespace {

/// Between fork and exec: system calls only.
[[noreturn]] void become(char* const* argv, int output, const std::vector<int>& descriptors) {
    constexpr int first = 3;
    constexpr int parked = 100;  // Out of the way of the numbers that are being filled.
    const int count = static_cast<int>(descriptors.size());
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    for (int i = 0; i < count; ++i) {
        if (descriptors[static_cast<std::size_t>(i)] < 0) continue;
        ::dup3(descriptors[static_cast<std::size_t>(i)], parked + i, O_CLOEXEC);
    }
    for (int i = 0; i < count; ++i) {
        ::close(first + i);
        if (descriptors[static_cast<std::size_t>(i)] >= 0) ::dup2(parked + i, first + i);
    }
    ::execv("/proc/self/exe", argv);
    ::_exit(127);
}

}  // namespace

Status start_own_program_detached(const DetachedProcess& process) {
    constexpr mode_t owner_only = 0600;
    const FileDescriptor output{::open(process.output_file.c_str(),
                                       O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
                                       owner_only)};
    if (!output.is_open()) {
        return Error{Error::Kind::system,
                     "cannot open " + process.output_file + ": " + std::strerror(errno)};
    }
    std::vector<char*> argv;
    for (const std::string& word : process.argv)
        argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    const pid_t pid = ::fork();
    if (pid < 0) {
        return Error{Error::Kind::system, std::string{"cannot fork: "} + std::strerror(errno)};
    }
    if (pid == 0) become(argv.data(), output.get(), process.descriptors);
    return ok();
}

}  // namespace devstack::platform
