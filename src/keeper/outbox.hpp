#pragma once

#include "devstack/base/time.hpp"
#include "devstack/platform/message_socket.hpp"

#include "child_table.hpp"
#include "holds.hpp"

#include <array>
#include <cstdint>

namespace devstack::keeper {

/// What is to be told to the daemon. Nothing that matters is stored as a message: the table says
/// what each child owes, so that a full socket costs no memory and a dead daemon loses no news.
/// Everything said while there is no daemon is dropped; the next one asks for the whole table.
class Outbox {
public:
    Outbox(ChildTable& table, const Holds& holds) : table_{table}, holds_{holds} {}

    /// That of a daemon that has said Hello; -1 while there is none.
    void set_channel(int channel);

    void tell_welcome();
    /// Tells what the child owes; it is removed when that was the failure of its start.
    void tell_news(Child& child);
    /// A request that made no entry. At most one waits: nothing more is read from the daemon then.
    void tell_refusal(std::uint64_t token, platform::SpawnStage stage, std::int32_t error);
    void tell_stray(std::int32_t pid);
    /// How it went with becoming another program.
    void tell_upgraded(std::int32_t error);

    /// Sends what waits, until all is said or the socket is full.
    void send_waiting();

    bool is_empty() const;
    /// The channel should be watched until it is writable.
    bool waits_for_room() const { return !is_empty() && outcome_ == Outcome::full; }
    /// Try again after a moment: no event tells when the kernel has what is missing.
    bool waits_for_time() const { return !is_empty() && outcome_ == Outcome::short_of_resources; }

private:
    using Outcome = platform::SendOutcome;

    bool send(const void* bytes, std::size_t size, std::initializer_list<int> descriptors = {});
    void drop_news(Child& child);
    bool send_news(Child& child);
    bool send_child(Child& child);
    bool send_holds();
    bool send_strays();

    static constexpr std::size_t strays_max = 256;

    ChildTable& table_;
    const Holds& holds_;
    int channel_ = -1;
    Outcome outcome_ = Outcome::sent;
    bool owes_welcome_ = false;
    /// Slots that belong to the welcome and have not been told; none when they are equal.
    std::size_t next_hold_ = 0;
    std::size_t holds_end_ = 0;
    platform::keeper_protocol::SpawnFailed refusal_;
    bool owes_refusal_ = false;
    platform::keeper_protocol::Upgraded upgraded_;
    bool owes_upgraded_ = false;
    std::array<std::int32_t, strays_max> strays_{};
    std::size_t stray_count_ = 0;
    bool has_lost_strays_ = false;
};

}  // namespace devstack::keeper
