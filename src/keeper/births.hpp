#pragma once

#include "child_table.hpp"
#include "outbox.hpp"
#include "request.hpp"
#include "spawn_memory.hpp"
#include "start_child.hpp"
#include "watcher.hpp"

#include <array>
#include <cstddef>

namespace devstack::keeper {

/// Children from the request to exec: starts them, and learns by their error pipes how it went.
class Births {
public:
    Births(ChildTable& table, Outbox& outbox, Watcher& watcher)
        : table_{table}, outbox_{outbox}, watcher_{watcher} {}

    /// False when there is no memory. Before anything else.
    bool reserve() { return memory_.reserve(); }

    /// Adds a child to the table, which has room for it, or tells why there is none.
    void start(const OriginalState& original,
               const Request& request,
               const BlockSource& source,
               const PassedDescriptors& passed);
    /// Looks whether a child that was starting has reached exec, or why not.
    void settle(Child& child);

private:
    void make_room();
    void settle_tenants();

    ChildTable& table_;
    Outbox& outbox_;
    Watcher& watcher_;
    SpawnMemory memory_;
    /// By room: the slot of the last child that had it.
    std::array<std::size_t, SpawnMemory::rooms_max> tenants_{};
};

}  // namespace devstack::keeper
