#include "devstack/platform/detached_process.hpp"

#include "devstack/platform/file_descriptor.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/wait.h>
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

/// Between fork and exec: system calls only. Forked twice, so that somebody else reaps it.
[[noreturn]] void become_other(char* const* argv) {
    if (::setsid() < 0 || ::fork() != 0) ::_exit(0);
    const int nothing = ::open("/dev/null", O_RDWR);
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        ::dup2(nothing, stream);
    ::execvp(argv[0], argv);
    ::_exit(127);
}

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (const std::string& word : words)
        pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace

Status start_program_detached(const std::vector<std::string>& argv) {
    const std::vector<char*> words = pointers_to(argv);
    const pid_t pid = ::fork();
    if (pid < 0) {
        return Error{Error::Kind::system, std::string{"cannot fork: "} + std::strerror(errno)};
    }
    if (pid == 0) become_other(words.data());
    ::waitpid(pid, nullptr, 0);
    return ok();
}

Status start_own_program_detached(const DetachedProcess& process) {
    constexpr mode_t owner_only = 0600;
    const FileDescriptor output{::open(process.output_file.c_str(),
                                       O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
                                       owner_only)};
    if (!output.is_open()) {
        return Error{Error::Kind::system,
                     "cannot open " + process.output_file + ": " + std::strerror(errno)};
    }
    const std::vector<char*> argv = pointers_to(process.argv);
    const pid_t pid = ::fork();
    if (pid < 0) {
        return Error{Error::Kind::system, std::string{"cannot fork: "} + std::strerror(errno)};
    }
    if (pid == 0) become(argv.data(), output.get(), process.descriptors);
    return ok();
}

}  // namespace devstack::platform
