#pragma once

#include <type_traits>

#include <sys/syscall.h>

namespace devstack::keeper {

template <typename Argument>
long syscall_word(Argument argument) {
    if constexpr (std::is_pointer_v<Argument>) {
        return reinterpret_cast<long>(argument);
    } else if constexpr (std::is_null_pointer_v<Argument>) {
        return 0;
    } else {
        return static_cast<long>(argument);
    }
}

/// A system call that answers with its result or -errno (syscall(2), intro(2)), and touches nothing
/// else: errno belongs to the keeper where a child still shares the keeper's memory.
template <typename... Arguments>
inline long raw_syscall(long number, Arguments... arguments) {
    static_assert(sizeof...(Arguments) <= 6);
    long values[6] = {syscall_word(arguments)...};
#if defined(__x86_64__)
    long result = 0;
    register long fourth __asm__("r10") = values[3];
    register long fifth __asm__("r8") = values[4];
    register long sixth __asm__("r9") = values[5];
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number),
                       "D"(values[0]),
                       "S"(values[1]),
                       "d"(values[2]),
                       "r"(fourth),
                       "r"(fifth),
                       "r"(sixth)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long call __asm__("x8") = number;
    register long first __asm__("x0") = values[0];
    register long second __asm__("x1") = values[1];
    register long third __asm__("x2") = values[2];
    register long fourth __asm__("x3") = values[3];
    register long fifth __asm__("x4") = values[4];
    register long sixth __asm__("x5") = values[5];
    __asm__ volatile("svc 0"
                     : "+r"(first)
                     : "r"(call), "r"(second), "r"(third), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "memory");
    return first;
#else
#error "write down how this machine makes a system call"
#endif
}

}  // namespace devstack::keeper
