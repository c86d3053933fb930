#pragma once

#include <cstdint>
#include <set>

namespace devstack::diagnosis {

/// The thread that holds the lock whose futex another one waits for; 0 when that can not be told:
/// a condition, a semaphore, or what a runtime makes of futexes itself. `threads` are all of the
/// process. Reads the process' memory and changes nothing.
///
/// Source: struct __pthread_mutex_s of glibc (sysdeps/nptl/bits/struct_mutex.h), the lock word of
/// musl and of priority-inheriting futexes (futex(2)), which is the owner's thread.
int find_lock_owner(int pid, std::uint64_t futex, const std::set<int>& threads);

}  // namespace devstack::diagnosis
