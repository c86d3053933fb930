#include "child_descriptors.hpp"

#include "raw_syscall.hpp"

#include <cstring>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace devstack::keeper {

namespace {

constexpr std::size_t digits_max = 10;

SpawnProblem problem_of(long result) {
    return {platform::SpawnStage::output, static_cast<std::int32_t>(-result)};
}

}  // namespace

std::optional<SpawnProblem> pass_descriptors(const PassedDescriptors& passed, int& error_pipe) {
    constexpr int first = STDERR_FILENO + 1;
    const int behind = first + static_cast<int>(passed.count);
    if (error_pipe < behind) {
        const long moved = raw_syscall(SYS_fcntl, error_pipe, F_DUPFD_CLOEXEC, behind);
        if (moved < 0) return problem_of(moved);
        error_pipe = static_cast<int>(moved);
    }
    // Each out of the way of all, before the first one gets its number.
    PassedDescriptors moved = passed;
    for (std::size_t i = 0; i < passed.count; ++i) {
        const long copy = raw_syscall(SYS_fcntl, passed.numbers[i], F_DUPFD_CLOEXEC, behind);
        if (copy < 0) return problem_of(copy);
        moved.numbers[i] = static_cast<int>(copy);
    }
    for (std::size_t i = 0; i < passed.count; ++i) {
        const long result = raw_syscall(SYS_dup3, moved.numbers[i], first + static_cast<int>(i), 0);
        if (result < 0) return problem_of(result);
    }
    return std::nullopt;
}

void write_listen_pid(char** environment) {
    constexpr const char* prefix = "LISTEN_PID=";
    char* value = nullptr;
    for (; *environment != nullptr && value == nullptr; ++environment) {
        if (std::strncmp(*environment, prefix, std::strlen(prefix)) == 0) {
            value = *environment + std::strlen(prefix);
        }
    }
    if (value == nullptr || std::strlen(value) < digits_max) return;
    char digits[digits_max];
    std::size_t count = 0;
    for (long rest = raw_syscall(SYS_getpid); rest > 0 && count < digits_max; rest /= 10)
        digits[count++] = static_cast<char>('0' + rest % 10);
    while (count > 0)
        *value++ = digits[--count];
    *value = '\0';
}

}  // namespace devstack::keeper
