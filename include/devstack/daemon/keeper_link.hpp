#pragma once

#include "devstack/base/result.hpp"
#include "devstack/platform/file_descriptor.hpp"
#include "devstack/platform/keeper_protocol.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace devstack::daemon {

/// What the keeper reports, with the descriptors that came along.
struct KeeperSpawned {
    std::uint64_t token = 0;
    int pid = 0;
    platform::FileDescriptor pidfd;  ///< Closed when it has ended already.
    platform::FileDescriptor standard_output;
    platform::FileDescriptor standard_error;
};
struct KeeperSpawnFailed {
    std::uint64_t token = 0;
    platform::SpawnStage stage{};
    int error = 0;
};
struct KeeperExited {
    std::uint64_t token = 0;
    int pid = 0;
    int code = 0;
    int signal = 0;
    bool dumped_core = false;
    bool is_unknown = false;  ///< It was not the keeper's to wait for: the rest says nothing.
    std::int64_t user_time_us = 0;
    std::int64_t system_time_us = 0;
    std::int64_t peak_memory_kib = 0;
};
struct KeeperWelcome {
    std::uint32_t version = 0;
    std::uint32_t children = 0;
    int keeper_pid = 0;
    std::uint32_t held = 0;  ///< How many KeeperHeld come after the children.
};
/// A child that an earlier daemon had spawned.
struct KeeperChild {
    std::string label;
    KeeperSpawned child;
    std::optional<KeeperExited> exit;
};
/// A descriptor that an earlier daemon has given to the keeper to hold.
struct KeeperHeld {
    std::uint64_t token = 0;
    std::string label;
    platform::FileDescriptor descriptor;
};
struct KeeperStrayReaped {
    int pid = 0;  ///< 0: several, too many to be named.
};
/// The keeper has become another program, or not.
struct KeeperUpgraded {
    int error = 0;  ///< errno(3); then everything is as before.
};
/// The keeper is gone: nothing more will come.
struct KeeperGone {};

using KeeperMessage = std::variant<KeeperWelcome,
                                   KeeperChild,
                                   KeeperSpawned,
                                   KeeperSpawnFailed,
                                   KeeperExited,
                                   KeeperHeld,
                                   KeeperStrayReaped,
                                   KeeperUpgraded,
                                   KeeperGone>;

/// The daemon's end of the channel to the keeper. Never blocks: what does not fit into the socket
/// buffer is queued here, and `wants_to_write` says so.
class KeeperLink {
public:
    explicit KeeperLink(platform::FileDescriptor channel);

    int fd() const { return channel_.get(); }

    /// Before anything else; the keeper ignores what comes earlier.
    void say_hello();
    /// `label` names the run for re-adoption ("api#4"), cut to what the protocol holds; `token` is
    /// not 0 and not in use. A request that can not be carried out at all is answered by the keeper
    /// as every failure is: KeeperSpawnFailed with stage `request`.
    void spawn(std::uint64_t token,
               const std::string& label,
               const platform::SpawnRequest& request);
    /// After KeeperExited, or a KeeperChild that has one.
    void forget(std::uint64_t token);
    /// The keeper keeps a copy for every daemon to come. `token` is not 0 and not in use.
    void hold(std::uint64_t token, const std::string& label, int descriptor);
    void release(std::uint64_t token);
    /// The keeper looks after a child of one that has died, as after its own. All descriptors are
    /// open; the keeper has copies.
    void adopt(std::uint64_t token, const std::string& label, const KeeperSpawned& child);
    /// The keeper becomes the program, which is open, and says KeeperUpgraded.
    void upgrade(int program);
    void say_farewell();

    /// The next message; empty when there is none now. Call until it is. After KeeperGone nothing
    /// but KeeperGone comes. Fails on a message that breaks the protocol, and when descriptors got
    /// lost because this process may have no more.
    Result<std::optional<KeeperMessage>> receive();

    bool wants_to_write() const { return !unsent_.empty(); }
    /// Call when the channel is writable and `wants_to_write`.
    void flush();

private:
    struct Unsent {
        std::size_t size = 0;
        std::vector<platform::FileDescriptor> descriptors;
    };
    void send(const std::string& bytes, std::vector<platform::FileDescriptor> descriptors = {});
    bool try_send(const Unsent& message);

    platform::FileDescriptor channel_;
    std::deque<Unsent> unsent_;
    /// Of all that is unsent, one after the other: a burst of spawns in pieces of their own would
    /// leave the heap full of holes.
    std::string unsent_bytes_;
    std::size_t unsent_begin_ = 0;
};

}  // namespace devstack::daemon
