#pragma once

#include "devstack/platform/keeper_protocol.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace devstack::keeper {

/// Room for children that run in the keeper's own memory until they exec: a stack, a spawn block
/// and its pointers for each, apart from everything else. Reserved once; pages become real when
/// used.
class SpawnMemory {
public:
    /// More than cores are busy with exec at a time.
    static constexpr std::size_t rooms_max = 16;
    static constexpr std::size_t stack_size = std::size_t{32} * 1024;
    static constexpr std::size_t block_size_max = platform::keeper_protocol::inline_block_max;

    struct Room {
        alignas(16) std::array<char, stack_size> stack;
        alignas(16) std::array<char, block_size_max> block;
        /// A string of a block takes a byte at least, and each list ends with a null pointer.
        std::array<char*, block_size_max + 2> pointers;
    };

    /// Its room until it is let go: when nobody runs in there any more.
    class Lease {
    public:
        Lease() = default;
        Lease(SpawnMemory& memory, std::size_t index) : memory_{&memory}, index_{index} {}
        Lease(Lease&& other) noexcept
            : memory_{std::exchange(other.memory_, nullptr)}, index_{other.index_} {}
        Lease& operator=(Lease&& other) noexcept {
            std::swap(memory_, other.memory_);
            std::swap(index_, other.index_);
            return *this;
        }
        ~Lease() { reset(); }

        explicit operator bool() const { return memory_ != nullptr; }
        Room& room() const { return memory_->rooms_[index_]; }
        std::size_t index() const { return index_; }
        void reset() {
            if (memory_ != nullptr) std::exchange(memory_, nullptr)->let_go(index_);
        }

    private:
        SpawnMemory* memory_ = nullptr;
        std::size_t index_ = 0;
    };

    /// False when there is no memory. Before anything else.
    bool reserve();

    /// Empty when all rooms are in use.
    Lease lease();
    bool is_full() const { return used_ == (1U << rooms_max) - 1; }

private:
    void let_go(std::size_t index);

    Room* rooms_ = nullptr;
    std::uint32_t used_ = 0;  ///< A bit for each room.
};

static_assert(SpawnMemory::rooms_max < 32);

}  // namespace devstack::keeper
