#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace devstack::core {

/// Names of capabilities(7) without "CAP_", by number.
inline constexpr std::array<std::string_view, 41> capability_names{"CHOWN",
                                                                   "DAC_OVERRIDE",
                                                                   "DAC_READ_SEARCH",
                                                                   "FOWNER",
                                                                   "FSETID",
                                                                   "KILL",
                                                                   "SETGID",
                                                                   "SETUID",
                                                                   "SETPCAP",
                                                                   "LINUX_IMMUTABLE",
                                                                   "NET_BIND_SERVICE",
                                                                   "NET_BROADCAST",
                                                                   "NET_ADMIN",
                                                                   "NET_RAW",
                                                                   "IPC_LOCK",
                                                                   "IPC_OWNER",
                                                                   "SYS_MODULE",
                                                                   "SYS_RAWIO",
                                                                   "SYS_CHROOT",
                                                                   "SYS_PTRACE",
                                                                   "SYS_PACCT",
                                                                   "SYS_ADMIN",
                                                                   "SYS_BOOT",
                                                                   "SYS_NICE",
                                                                   "SYS_RESOURCE",
                                                                   "SYS_TIME",
                                                                   "SYS_TTY_CONFIG",
                                                                   "MKNOD",
                                                                   "LEASE",
                                                                   "AUDIT_WRITE",
                                                                   "AUDIT_CONTROL",
                                                                   "SETFCAP",
                                                                   "MAC_OVERRIDE",
                                                                   "MAC_ADMIN",
                                                                   "SYSLOG",
                                                                   "WAKE_ALARM",
                                                                   "BLOCK_SUSPEND",
                                                                   "AUDIT_READ",
                                                                   "PERFMON",
                                                                   "BPF",
                                                                   "CHECKPOINT_RESTORE"};

/// Names of limits as Compose and prlimit(1) have them, by the number of their resource.
inline constexpr std::array<std::string_view, 16> limit_names{"cpu",
                                                              "fsize",
                                                              "data",
                                                              "stack",
                                                              "core",
                                                              "rss",
                                                              "nproc",
                                                              "nofile",
                                                              "memlock",
                                                              "as",
                                                              "locks",
                                                              "sigpending",
                                                              "msgqueue",
                                                              "nice",
                                                              "rtprio",
                                                              "rttime"};

/// Position in one of these tables.
template <std::size_t count>
std::optional<std::size_t> find_name(const std::array<std::string_view, count>& names,
                                     std::string_view name) {
    for (std::size_t i = 0; i < count; ++i) {
        if (names.at(i) == name) return i;
    }
    return std::nullopt;
}

/// One bit for each capability, by its number.
using CapabilitySet = std::uint64_t;

struct CapabilityBounds {
    CapabilitySet kept = ~CapabilitySet{};  ///< What it can have at most, and root has.
    CapabilitySet given = 0;                ///< What it has whoever it is.
    bool operator==(const CapabilityBounds&) const = default;
};

struct ResourceLimit {
    std::size_t resource = 0;  ///< Index in `limit_names`.
    // Empty: unlimited.
    std::optional<std::uint64_t> soft;
    std::optional<std::uint64_t> hard;
    bool operator==(const ResourceLimit&) const = default;
};

/// Who a process is. In numbers: names have been looked up.
struct Identity {
    std::string user_name;  ///< As people know it; the number if it has no name.
    std::uint32_t user = 0;
    std::uint32_t group = 0;
    std::vector<std::uint32_t> groups;  ///< Supplementary ones, sorted.
    bool operator==(const Identity&) const = default;
};

struct TerminalSize {
    std::uint16_t rows = 24;
    std::uint16_t columns = 80;
    bool operator==(const TerminalSize&) const = default;
};

/// What all processes of a run may use together, by cgroup v2. Empty: what they like.
struct CgroupLimits {
    std::optional<std::uint64_t> memory;       ///< Bytes.
    std::optional<std::uint32_t> cpu_percent;  ///< Of one processor.
    std::optional<std::uint32_t> processes;    ///< With their threads.

    bool has_any() const { return memory || cpu_percent || processes; }
    bool operator==(const CgroupLimits&) const = default;
};

/// What a process is given besides its command, directory and environment. What is empty stays as
/// devstack itself has it.
struct ProcessSettings {
    std::optional<Identity> identity;
    std::optional<std::uint32_t> umask;
    std::vector<ResourceLimit> limits;
    std::optional<int> nice;
    std::optional<int> oom_score_adj;
    std::optional<CapabilityBounds> capabilities;
    bool no_new_privileges = false;
    std::optional<TerminalSize> terminal;
    bool stdin_open = false;  ///< Standard input never ends.
    CgroupLimits cgroup;
    bool operator==(const ProcessSettings&) const = default;
};

}  // namespace devstack::core
