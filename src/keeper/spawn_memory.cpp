#include "spawn_memory.hpp"

#include <bit>

#include <sys/mman.h>

namespace devstack::keeper {

bool SpawnMemory::reserve() {
    void* memory = ::mmap(nullptr,
                          rooms_max * sizeof(Room),
                          PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                          -1,
                          0);
    if (memory == MAP_FAILED) return false;
    rooms_ = static_cast<Room*>(memory);
    return true;
}

SpawnMemory::Lease SpawnMemory::lease() {
    const auto first_free = static_cast<std::size_t>(std::countr_one(used_));
    if (rooms_ == nullptr || first_free >= rooms_max) return {};
    used_ |= 1U << first_free;
    return {*this, first_free};
}

/// The first room keeps its pages, since it is the next one to be used; those of a burst go back
/// when it is over.
void SpawnMemory::let_go(std::size_t index) {
    used_ &= ~(1U << index);
    if (index > 0 && used_ <= 1)
        ::madvise(rooms_ + 1, (rooms_max - 1) * sizeof(Room), MADV_DONTNEED);
}

}  // namespace devstack::keeper
