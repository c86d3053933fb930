#include "diagnosis/locks.hpp"

#include <sys/types.h>
#include <sys/uio.h>

namespace devstack::diagnosis {

namespace {

struct Mutex {
    std::int32_t word = 0;
    std::uint32_t count = 0;
    std::int32_t owner = 0;
    std::uint32_t users = 0;
    std::int32_t kind = 0;
};

bool read_memory(int pid, std::uint64_t address, void* to, std::size_t size) {
    iovec local{to, size};
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of another process.
    iovec remote{reinterpret_cast<void*>(address), size};
    return ::process_vm_readv(pid, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
}

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

std::string read_text(int pid, std::uint64_t address) {
    // Up to the end of a page: the next one may not be there.
    constexpr std::size_t size_max = 4096;
    std::string text(size_max - address % size_max, '\0');
    if (!read_memory(pid, address, text.data(), text.size())) return "";
    const auto end = text.find('\0');
    return end == text.npos ? "" : text.substr(0, end);
}

}  // namespace devstack::diagnosis
