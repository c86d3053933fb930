#pragma once

#include "devstack/platform/spawn_request.hpp"

#include <cstddef>
#include <cstdint>

/// What daemon and keeper say to each other, over one SOCK_SEQPACKET socketpair (unix(7)): one
/// datagram is one message, a fixed-size struct that begins with `MessageHeader`; descriptors ride
/// along by SCM_RIGHTS. Both ends run from the same machine and byte order, but a new daemon may
/// meet an old keeper: sizes and numbers here never change, only grow at the end.
namespace devstack::platform::keeper_protocol {

/// 2: descriptors are held, and passed on to children. 3: children of another keeper are adopted.
/// 4: the keeper becomes another program. It hands over what it knows in the form of its version;
/// the other program has to be of that version or a later one.
inline constexpr std::uint32_t version = 4;
inline constexpr std::uint32_t version_that_holds = 2;
inline constexpr std::uint32_t version_that_adopts = 3;
inline constexpr std::uint32_t version_that_hands_over = 4;

/// Descriptor of the daemon's end in a daemon started by the keeper.
inline constexpr int daemon_channel_fd = 3;
/// The daemon reports to whoever started the keeper that it serves, or why it can not (a pipe).
inline constexpr int daemon_report_fd = 4;
/// Readable at end-of-file when the `up` in the foreground has gone (a pipe); /dev/null if
/// detached.
inline constexpr int daemon_lifeline_fd = 5;

/// Longest spawn block that travels inside the message; longer ones come as a memfd.
inline constexpr std::size_t inline_block_max = std::size_t{32} * 1024;
/// Whose child it is, for re-adoption: "api#4". Nul-terminated.
inline constexpr std::size_t label_size = 120;
/// Exit code of a child that is not the keeper's own to wait for: it has ended, nobody knows how.
inline constexpr std::int32_t exit_code_unknown = -1;
/// Besides the three streams.
inline constexpr std::size_t passed_descriptors_max = 16;

enum class Kind : std::uint32_t {
    // daemon -> keeper
    hello = 1,     ///< First message of a daemon; answered by `welcome` and one `child` each.
    spawn = 2,     ///< Answered by `spawned` or `spawn_failed`.
    forget = 3,    ///< The exit of `token` is known: drop the entry.
    farewell = 4,  ///< Everything is over: the keeper ends when the daemon does.
    hold = 5,      ///< Keep this descriptor for the daemons to come.
    release = 6,   ///< Close what is held under `token`.
    adopt = 7,     ///< A child of a keeper that has died: keep it as if it were ours.
    upgrade = 8,   ///< Become this program; answered by `upgraded`.
    // keeper -> daemon
    welcome = 101,
    child = 102,         ///< One living or unforgotten child, with its descriptors.
    spawned = 103,       ///< exec succeeded. Descriptors: pidfd, stdout, stderr.
    spawn_failed = 104,  ///< Nothing runs.
    exited = 105,        ///< The leader was reaped.
    stray_reaped = 106,  ///< A descendant that had been orphaned was reaped.
    held = 107,          ///< One descriptor that is held, after all children.
    upgraded = 108,      ///< By the new program; or by the old one, with an error.
};

struct MessageHeader {
    Kind kind{};
    std::uint32_t size = 0;  ///< Of the whole message, header and payload.
};

/// Nothing but `farewell` counts before it. Children that the daemon before had asked for and that
/// have not reached exec by now are killed and never told of.
struct Hello {
    MessageHeader header{Kind::hello, sizeof(Hello)};
    std::uint32_t version = keeper_protocol::version;
    std::uint32_t reserved = 0;
};

/// What the keeper itself has to do for a child, besides what the spawn block tells the child.
enum SpawnFlags : std::uint32_t {
    spawn_in_terminal = 1U << 0,
    spawn_with_open_input = 1U << 1,
    /// It changes what it would share with the keeper (decisions/0008): it is to be forked.
    spawn_apart = 1U << 2,
    /// See SpawnRequest::keeps_output_open.
    spawn_with_lasting_output = 1U << 3,
};

/// Followed by the spawn block (see spawn_block.hpp) as the last `block_size` bytes, or accompanied
/// by a memfd that holds it from its beginning. A token in use is refused: stage request, EEXIST.
/// Descriptors after the memfd become 3, 4, … in the child, and its process id replaces what
/// follows LISTEN_PID= in its environment (sd_listen_fds(3)); as many bytes must stand there as the
/// longest one needs.
struct Spawn {
    MessageHeader header{Kind::spawn, sizeof(Spawn)};
    std::uint64_t token = 0;  ///< Chosen by the daemon, unique among unforgotten children, not 0.
    std::uint32_t block_size = 0;
    std::uint32_t is_block_in_memfd = 0;
    char label[label_size] = {};
    std::uint32_t flags = 0;             ///< SpawnFlags. Absent from the first version.
    std::uint32_t descriptor_count = 0;  ///< That are passed on.
};
inline constexpr std::size_t spawn_size_min = offsetof(Spawn, flags);

/// Closes the keeper's copies of the output pipes. Ignored before `exited` has been told.
struct Forget {
    MessageHeader header{Kind::forget, sizeof(Forget)};
    std::uint64_t token = 0;
};

/// With the descriptor. Ignored when the token is in use, or when too many are held.
struct Hold {
    MessageHeader header{Kind::hold, sizeof(Hold)};
    std::uint64_t token = 0;  ///< Chosen by the daemon, not 0.
    char label[label_size] = {};
};

struct Release {
    MessageHeader header{Kind::release, sizeof(Release)};
    std::uint64_t token = 0;
};

/// With its descriptors: pidfd, stdout, stderr. Its end is told as every other, with
/// `exit_code_unknown`. Ignored when the token is in use, or without all three.
struct Adopt {
    MessageHeader header{Kind::adopt, sizeof(Adopt)};
    std::uint64_t token = 0;  ///< As of `Spawn`.
    std::int32_t pid = 0;
    std::uint32_t reserved = 0;
    char label[label_size] = {};
};

/// With the descriptor of the program, which may be O_PATH. The keeper executes it in its own
/// process, as a keeper that goes on with all children and descriptors.
struct Upgrade {
    MessageHeader header{Kind::upgrade, sizeof(Upgrade)};
};

struct Farewell {
    MessageHeader header{Kind::farewell, sizeof(Farewell)};
};

struct Welcome {
    MessageHeader header{Kind::welcome, sizeof(Welcome)};
    std::uint32_t version = keeper_protocol::version;
    std::uint32_t children = 0;  ///< How many `child` messages follow.
    std::uint32_t keeper_pid = 0;
    std::uint32_t held = 0;  ///< How many `held` messages follow these.
};

struct Spawned {
    MessageHeader header{Kind::spawned, sizeof(Spawned)};
    std::uint64_t token = 0;
    std::int32_t pid = 0;
    std::uint32_t reserved = 0;
};

struct SpawnFailed {
    MessageHeader header{Kind::spawn_failed, sizeof(SpawnFailed)};
    std::uint64_t token = 0;
    SpawnStage stage{};
    std::int32_t error = 0;  ///< errno(3).
};

struct Exited {
    MessageHeader header{Kind::exited, sizeof(Exited)};
    std::uint64_t token = 0;
    std::int32_t pid = 0;
    std::int32_t code = 0;    ///< Exit code, when `signal` is 0.
    std::int32_t signal = 0;  ///< That ended it.
    std::int32_t dumped_core = 0;
    std::int64_t user_time_us = 0;  ///< rusage of the leader and of what it waited for.
    std::int64_t system_time_us = 0;
    std::int64_t peak_memory_kib = 0;
};

/// Descriptors while it lives: pidfd, stdout, stderr; after its exit: stdout, stderr.
struct Child {
    MessageHeader header{Kind::child, sizeof(Child)};
    std::uint64_t token = 0;
    std::int32_t pid = 0;
    std::int32_t has_exited = 0;
    Exited exit;
    char label[label_size] = {};
};

/// With the descriptor.
struct Held {
    MessageHeader header{Kind::held, sizeof(Held)};
    std::uint64_t token = 0;
    char label[label_size] = {};
};

struct Upgraded {
    MessageHeader header{Kind::upgraded, sizeof(Upgraded)};
    std::int32_t error = 0;  ///< errno(3); then nothing has changed. EAGAIN: a child is being born.
    std::uint32_t reserved = 0;
};

struct StrayReaped {
    MessageHeader header{Kind::stray_reaped, sizeof(StrayReaped)};
    std::int32_t pid = 0;  ///< 0: several, too many to be named.
    std::uint32_t reserved = 0;
};

}  // namespace devstack::platform::keeper_protocol
