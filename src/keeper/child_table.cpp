#include "child_table.hpp"

#include "devstack/base/assert.hpp"

#include <memory>

#include <sys/mman.h>

namespace devstack::keeper {

namespace {

/// Process ids go through all of them in time, and what was touched once stays: so few that it is
/// nothing, and chains are short all the same.
constexpr std::size_t bucket_count = 4096;
constexpr std::size_t buckets_size = bucket_count * sizeof(std::int32_t);

}  // namespace

bool ChildTable::reserve() {
    const std::size_t size = 2 * buckets_size + children_max * sizeof(Child);
    void* memory = ::mmap(
        nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return false;
    by_pid_ = static_cast<std::int32_t*>(memory);
    by_token_ = by_pid_ + bucket_count;
    children_ = static_cast<Child*>(static_cast<void*>(by_token_ + bucket_count));
    return true;
}

std::size_t ChildTable::slot_of(const Child& child) const {
    return static_cast<std::size_t>(&child - children_);
}

std::int32_t& ChildTable::bucket_of(std::int32_t* buckets, std::uint64_t key) const {
    // The upper half of a token is the service, the lower one its run: most are in their first.
    return buckets[(key ^ key >> 32) % bucket_count];
}

Child* ChildTable::find_by_token(std::uint64_t token) {
    std::int32_t slot = bucket_of(by_token_, token) - 1;
    while (slot >= 0 && children_[slot].token != token)
        slot = children_[slot].next_by_token_;
    return slot < 0 ? nullptr : &children_[slot];
}

Child* ChildTable::find_by_pid(std::int32_t pid) {
    std::int32_t slot = bucket_of(by_pid_, static_cast<std::uint64_t>(pid)) - 1;
    while (slot >= 0 && children_[slot].pid != pid)
        slot = children_[slot].next_by_pid_;
    return slot < 0 ? nullptr : &children_[slot];
}

Child* ChildTable::add(std::uint64_t token, std::int32_t pid) {
    if (is_full()) return nullptr;
    auto slot = first_unused_;
    if (slot >= 0) {
        first_unused_ = children_[slot].next_by_token_;
    } else {
        slot = static_cast<std::int32_t>(used_end_++);
    }
    Child& child = *std::construct_at(children_ + slot);
    child.token = token;
    child.pid = pid;
    child.state = Child::State::starting;
    std::int32_t& pids = bucket_of(by_pid_, static_cast<std::uint64_t>(pid));
    child.next_by_pid_ = std::exchange(pids, slot + 1) - 1;
    std::int32_t& tokens = bucket_of(by_token_, token);
    child.next_by_token_ = std::exchange(tokens, slot + 1) - 1;
    return &child;
}

void ChildTable::unchain(std::int32_t& bucket, Child& child, Chain next) {
    const auto slot = static_cast<std::int32_t>(slot_of(child));
    if (bucket == slot + 1) {
        bucket = child.*next + 1;
        return;
    }
    for (std::int32_t at = bucket - 1; at >= 0; at = children_[at].*next) {
        if (children_[at].*next != slot) continue;
        children_[at].*next = child.*next;
        return;
    }
}

void ChildTable::drop_pid(Child& child) {
    unchain(bucket_of(by_pid_, static_cast<std::uint64_t>(child.pid)), child, &Child::next_by_pid_);
    child.next_by_pid_ = -1;
}

void ChildTable::drop_token(Child& child) {
    unchain(bucket_of(by_token_, child.token), child, &Child::next_by_token_);
    child.next_by_token_ = -1;
    child.token = 0;
}

void ChildTable::remove(Child& child) {
    DEVSTACK_ASSERT(!child.is_queued_, "a child with news is not removed");
    drop_pid(child);
    drop_token(child);
    std::destroy_at(&child);
    Child& unused = *std::construct_at(&child);
    unused.next_by_token_ =
        std::exchange(first_unused_, static_cast<std::int32_t>(slot_of(unused)));
}

Child* ChildTable::first_with_news() {
    return first_news_ < 0 ? nullptr : &children_[first_news_];
}

void ChildTable::add_news(Child& child) {
    if (child.is_queued_) return;
    const auto slot = static_cast<std::int32_t>(slot_of(child));
    child.is_queued_ = true;
    if (last_news_ < 0) {
        first_news_ = slot;
    } else {
        children_[last_news_].next_with_news_ = slot;
    }
    last_news_ = slot;
}

void ChildTable::drop_first_news() {
    Child& child = children_[first_news_];
    child.is_queued_ = false;
    first_news_ = std::exchange(child.next_with_news_, -1);
    if (first_news_ < 0) last_news_ = -1;
}

}  // namespace devstack::keeper
