#include "diagnosis/locks.hpp"

#include "diagnosis/process_memory.hpp"

namespace devstack::diagnosis {

namespace {

struct Mutex {
    std::int32_t word = 0;
    std::uint32_t count = 0;
    std::int32_t owner = 0;
    std::uint32_t users = 0;
    std::int32_t kind = 0;
};

}  // namespace

int find_lock_owner(int pid, std::uint64_t futex, const std::set<int>& threads) {
    Mutex mutex;
    if (!read_memory(pid, futex, &mutex, sizeof mutex)) return 0;
    // With the bit for waiters, which is the sign; pthread_join waits for a word without it.
    constexpr int thread_mask = 0x3fffffff;
    const int in_word = mutex.word & thread_mask;
    if (mutex.word < 0) return threads.contains(in_word) ? in_word : 0;
    constexpr int kind_max = 0x3ff;
    constexpr int contended = 2;
    const bool is_mutex = mutex.word == contended && mutex.kind >= 0 && mutex.kind <= kind_max &&
                          mutex.users > 0 && mutex.users <= threads.size();
    return is_mutex && threads.contains(mutex.owner) ? mutex.owner : 0;
}

}  // namespace devstack::diagnosis
