#include "devstack/platform/detached_process.hpp"

#include "devstack/platform/file_descriptor.hpp"

#include <cerrno>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace devstack::platform {

namespace {

/// Between fork and exec: system calls only. What can not be done is said where the program's own
/// last words would be.
[[noreturn]] void give_up(std::string_view what) {
    (void)!::write(STDERR_FILENO, what.data(), what.size());
    ::_exit(127);
}

/// Between fork and exec: system calls only.
[[noreturn]] void become(char* const* argv, int output, std::vector<int>& descriptors) {
    constexpr int first = 3;
    const int end = first + static_cast<int>(descriptors.size());
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    // Out of the way of the numbers that are being filled, where nothing else is.
    for (int& descriptor : descriptors) {
        if (descriptor < 0) continue;
        descriptor = ::fcntl(descriptor, F_DUPFD_CLOEXEC, end);
        if (descriptor < 0) give_up("too few descriptors are allowed (ulimit -n)\n");
    }
    for (int number = first; number < end; ++number) {
        const int parked = descriptors[static_cast<std::size_t>(number - first)];
        ::close(number);
        if (parked >= 0 && ::dup2(parked, number) < 0) give_up("cannot pass a descriptor on\n");
    }
    ::execv("/proc/self/exe", argv);
    give_up("cannot execute devstack again\n");
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
    std::vector<int> descriptors = process.descriptors;
    const pid_t pid = ::fork();
    if (pid < 0) {
        return Error{Error::Kind::system, std::string{"cannot fork: "} + std::strerror(errno)};
    }
    if (pid == 0) become(argv.data(), output.get(), descriptors);
    return ok();
}

}  // namespace devstack::platform
