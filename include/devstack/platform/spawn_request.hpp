#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace devstack::platform {

/// Who a process is, see credentials(7).
struct SpawnIdentity {
    std::string name;  ///< Of the user, for messages; the child does not see it.
    std::uint32_t user = 0;
    std::uint32_t group = 0;
    std::vector<std::uint32_t> groups;  ///< Supplementary ones; there are no others then.
};

/// See setrlimit(2).
struct SpawnLimit {
    std::uint32_t resource = 0;  ///< RLIMIT_….
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
    bool operator==(const SpawnLimit&) const = default;
};

/// One bit for each capability, by its number; see capabilities(7).
struct SpawnCapabilities {
    std::uint64_t bounding = 0;  ///< What is left of the bounding set.
    std::uint64_t ambient = 0;   ///< What it has whoever it is; no others are ambient then.
    bool operator==(const SpawnCapabilities&) const = default;
};

struct SpawnTerminal {
    std::uint16_t rows = 0;
    std::uint16_t columns = 0;
    bool operator==(const SpawnTerminal&) const = default;
};

/// What a child changes of itself before exec. Without any of it there is nothing to do.
struct SpawnSettings {
    std::optional<SpawnIdentity> identity;
    std::optional<std::uint32_t> umask;
    std::vector<SpawnLimit> limits;
    std::optional<int> nice;
    std::optional<int> oom_score_adj;
    std::optional<SpawnCapabilities> capabilities;
    bool no_new_privileges = false;
    /// A controlling terminal is input and output, and its master comes in the place of the output
    /// pipe; it gives EIO when nobody has the terminal open any more. The other pipe ends at once.
    std::optional<SpawnTerminal> terminal;
    /// Input is a pipe that never ends, in the place of /dev/null. A terminal never ends anyway.
    bool holds_input_open = false;
    /// Directory of the cgroup that it enters, see platform/cgroup.hpp; empty: that of the keeper.
    std::string cgroup;
    bool needs_cgroup = false;  ///< It is not to run outside of it.
};

/// All that is needed to start a process: values only, in the terms of execve(2).
///
/// The child becomes the leader of a session and group of its own (setsid(2)), reads /dev/null,
/// writes to two pipes whose read ends come back with `Spawned`, and has the signal mask and file
/// limit that devstack itself was started with. All signals have their default disposition: one
/// that is ignored (nohup, a background job) could never stop it.
struct SpawnRequest {
    std::vector<std::string> argv;         ///< argv[0] is looked up in the child's own PATH.
    std::vector<std::string> environment;  ///< "NAME=value", complete.
    std::string working_dir;               ///< Absolute.
    /// Sent to the child when the keeper dies (PR_SET_PDEATHSIG); 0: none.
    int parent_death_signal = 0;
    SpawnSettings settings;
    /// Become 3, 4, … in the child. Not owned. `listen_pid_placeholder` in the environment then
    /// becomes the child's LISTEN_PID (sd_listen_fds(3)).
    std::vector<int> descriptors = {};
    /// Its output pipes have a reader as long as it has them open itself: should everybody who
    /// reads them die, it is not killed by SIGPIPE, and whoever may look into it can read on.
    bool keeps_output_open = false;
};

/// As long as the longest process id.
inline constexpr const char* listen_pid_placeholder = "LISTEN_PID=0000000000";

/// Where on the way from fork to exec a child was lost.
enum class SpawnStage : std::uint32_t {
    request,      ///< The request itself: too large, or nonsense.
    pipes,        ///< pipe2(2): descriptors.
    fork,         ///< fork(2): memory, processes.
    session,      ///< setsid(2).
    output,       ///< dup2(2) of the output pipes, or /dev/null.
    working_dir,  ///< chdir(2).
    exec,         ///< execve(2).
    // From here on as they were added, not in their order.
    terminal,      ///< openpt(3), TIOCSCTTY.
    oom_score,     ///< /proc/self/oom_score_adj.
    limits,        ///< setrlimit(2).
    nice,          ///< setpriority(2).
    capabilities,  ///< capset(2), prctl(2).
    groups,        ///< setgroups(2), setresgid(2).
    user,          ///< setresuid(2).
    cgroup,        ///< cgroup.procs of its cgroup.
};

}  // namespace devstack::platform
