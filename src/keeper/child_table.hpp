#pragma once

#include "devstack/platform/file_descriptor.hpp"
#include "devstack/platform/keeper_protocol.hpp"

#include "spawn_memory.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace devstack::keeper {

/// A bounded number: each child costs two descriptors, and pids are few as well.
inline constexpr std::size_t children_max = std::size_t{16} * 1024;

/// One child of the daemon's wish, from the request until it is forgotten.
struct Child {
    enum class State : std::uint8_t {
        unused,
        starting,  ///< Between fork and exec.
        failing,   ///< Has told why it can not exec, and is about to end.
        failed,    ///< Has ended so; `failure` is still to be told.
        running,
        exited,
    };

    std::uint64_t token = 0;  ///< 0: nobody asks for it any more; it goes when it ends.
    std::int32_t pid = 0;
    State state = State::unused;
    bool is_slow_to_exec = false;  ///< Has been waited for, in vain.
    // News that the daemon has not been told yet.
    bool owes_child = false;
    bool owes_spawned = false;
    bool owes_exited = false;
    platform::SpawnStage failed_stage{};
    std::int32_t failure = 0;  ///< errno(3).
    /// Until it was sent with the news that it runs. Kept longer it would make each later fork copy
    /// and each exec close a third more; as long as the pid is not reaped, it can be had again.
    platform::FileDescriptor pidfd;
    /// Of a child that was born under another keeper: not ours to wait for, its end is seen by
    /// this.
    platform::FileDescriptor adopted_pidfd;
    platform::FileDescriptor standard_input;  ///< Held open, so that it never ends.
    platform::FileDescriptor standard_output;
    platform::FileDescriptor standard_error;
    platform::FileDescriptor error_pipe;
    SpawnMemory::Lease spawn_memory;  ///< While it is on its way to exec.
    platform::keeper_protocol::Exited exit;
    std::array<char, platform::keeper_protocol::label_size> label{};

    bool has_news() const {
        return owes_child || owes_spawned || owes_exited || state == State::failed;
    }

private:
    friend class ChildTable;
    bool is_queued_ = false;
    // Slots; -1 for none.
    std::int32_t next_by_pid_ = -1;
    std::int32_t next_by_token_ = -1;  ///< Of unused ones: the next unused one.
    std::int32_t next_with_news_ = -1;
};

/// All children, in memory that is reserved once and becomes real page by page: a Child never
/// moves, and there is no moment where it could not grow. Found by pid and by token through chains
/// of neighbours (both are handed out in rising order, so that few pages are touched).
class ChildTable {
public:
    /// False when there is no memory. Before anything else.
    bool reserve();

    Child* find_by_token(std::uint64_t token);
    Child* find_by_pid(std::int32_t pid);

    /// A child with this token and pid, which are not in use; null when the table is full.
    Child* add(std::uint64_t token, std::int32_t pid);
    /// Its pid was reaped and may be anybody's from now on.
    void drop_pid(Child& child);
    /// Nobody knows its token any more.
    void drop_token(Child& child);
    /// Closes what it holds. The entry is unused then.
    void remove(Child& child);

    bool is_full() const { return first_unused_ < 0 && used_end_ == children_max; }

    /// Stable while it exists; for epoll(7).
    std::size_t slot_of(const Child& child) const;
    Child& at(std::size_t slot) { return children_[slot]; }
    /// Every slot ever used is below.
    std::size_t slots_end() const { return used_end_; }

    /// Children with news, the oldest news first. Null when there are none.
    Child* first_with_news();
    void add_news(Child& child);
    void drop_first_news();

private:
    using Chain = std::int32_t Child::*;

    std::int32_t& bucket_of(std::int32_t* buckets, std::uint64_t key) const;
    void unchain(std::int32_t& bucket, Child& child, Chain next);

    Child* children_ = nullptr;  ///< Constructed below `used_end_`.
    // First slot of each chain + 1; 0 for none, as fresh memory is.
    std::int32_t* by_pid_ = nullptr;
    std::int32_t* by_token_ = nullptr;
    std::size_t used_end_ = 0;
    std::int32_t first_unused_ = -1;
    std::int32_t first_news_ = -1;
    std::int32_t last_news_ = -1;
};

}  // namespace devstack::keeper
