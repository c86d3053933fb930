#pragma once

#include "devstack/base/ip_address.hpp"
#include "devstack/base/port.hpp"
#include "devstack/base/result.hpp"
#include "devstack/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace devstack::platform {

/// Where proc(5) is. A test passes a directory that looks like it.
struct Procfs {
    std::string root = "/proc";
};

/// What /proc/PID/stat and its neighbours say of one process.
struct ProcessInfo {
    int pid = 0;
    int parent = 0;
    int group = 0;
    int session = 0;
    char state = '?';               ///< R S D T t Z X, see proc(5).
    std::string name;               ///< comm: at most 15 characters.
    std::uint64_t start_ticks = 0;  ///< Since boot; with the pid it identifies a process for ever.
    Duration cpu_time{};            ///< User and system, without children.
    std::uint64_t resident_bytes = 0;
};

/// Empty when there is no such process (any more).
std::optional<ProcessInfo> find_process(const Procfs& procfs, int pid);

/// All processes that may be seen, in no order. One pass over the directory.
std::vector<ProcessInfo> collect_processes(const Procfs& procfs);

/// Direct children of a single-threaded process, by /proc/PID/task/PID/children; cheap. Empty
/// optional when the kernel does not offer the file.
std::optional<std::vector<int>> collect_children(const Procfs& procfs, int pid);

/// The words of the command line; empty for kernel threads, zombies and what we may not read.
std::vector<std::string> read_command_line(const Procfs& procfs, int pid);
/// Empty when we may not see it.
std::string read_working_dir(const Procfs& procfs, int pid);
/// What people call the program: its name, written out where the kernel cut it at 15 characters or
/// a runtime put a thread's name there ("MainThread" of Node.js). Empty when the process is gone.
std::string read_program_name(const Procfs& procfs, int pid);
/// The value of a variable in the environment the process was started with, if we may see it.
/// Programs that write their title over it (postgres, nginx workers) have none any more.
std::optional<std::string> read_environment_variable(const Procfs& procfs,
                                                     int pid,
                                                     const std::string& name);
/// The same for several at once, in the order of `names`; one read.
std::vector<std::optional<std::string>> read_environment_variables(
    const Procfs& procfs, int pid, const std::vector<std::string>& names);
/// How many descriptors the process has open; 0 when we may not look.
std::size_t count_descriptors(const Procfs& procfs, int pid);
/// The name of the user as whom the process acts, or "uid 1234"; empty when the process is gone.
std::string read_user(const Procfs& procfs, int pid);
/// "chi", or "uid 1234" when nobody has that number.
std::string user_name(unsigned user_id);
/// When the process was started, by btime of /proc/stat and its start ticks.
std::optional<WallTime> read_start_time(const Procfs& procfs, int pid);
/// How many processes the kernel has ended for want of memory since boot, in any cgroup of this
/// host; empty where it does not tell (before Linux 4.13).
std::optional<std::uint64_t> count_oom_kills(const Procfs& procfs);
/// How long the process has lived.
std::optional<Duration> read_age(const Procfs& procfs, const ProcessInfo& process);

/// A TCP socket in the LISTEN state.
struct ListeningSocket {
    std::string address;  ///< Textual, without brackets: "127.0.0.1", "::", "::1".
    Port port;
    std::uint64_t inode = 0;
    unsigned user_id = 0;
    unsigned accept_queue = 0;  ///< Connections that the program has not accepted yet.

    bool is_ipv6() const { return address.find(':') != std::string::npos; }
    bool is_wildcard() const { return address == "0.0.0.0" || address == "::"; }
    bool is_loopback() const { return devstack::is_loopback(address); }
    bool operator==(const ListeningSocket&) const = default;
};

/// All listening TCP sockets of this network namespace, v4 and v6, from /proc/net/tcp{,6}. The
/// address of a v6 socket that is bound to a mapped v4 address is told as v4.
std::vector<ListeningSocket> collect_listening_sockets(const Procfs& procfs);

/// Which of `inodes` are held by which process: one pass over the descriptors of all processes we
/// may look into, or of `pids` alone if it is not empty. Inodes nobody visible holds are absent.
struct SocketOwner {
    std::uint64_t inode = 0;
    int pid = 0;
};
std::vector<SocketOwner> find_socket_owners(const Procfs& procfs,
                                            const std::vector<std::uint64_t>& inodes,
                                            const std::vector<int>& pids = {});

/// True when the descriptors of every process that acts as this user can be seen: then a socket of
/// this user that nobody holds is really held by nobody.
bool can_see_descriptors_of(const Procfs& procfs, unsigned user_id);

}  // namespace devstack::platform
