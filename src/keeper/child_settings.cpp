// In an order where each step may still do what it has to: what takes privileges comes before they
// are given away, and the user last, since it takes all the others along.

#include "child_settings.hpp"

#include "raw_syscall.hpp"

#include <cerrno>
#include <cstddef>

#include <asm/termbits.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace devstack::keeper {

using platform::SpawnStage;
using Settings = platform::SpawnBlockSettings;

namespace {

using Problem = std::optional<SpawnProblem>;

Problem problem_of(SpawnStage stage, long result) {
    if (result >= 0) return std::nullopt;
    return SpawnProblem{stage, static_cast<std::int32_t>(-result)};
}

Problem set_oom_score(int score) {
    char text[12];
    char* at = text + sizeof text;
    unsigned rest = score < 0 ? 0U - static_cast<unsigned>(score) : static_cast<unsigned>(score);
    do {
        *--at = static_cast<char>('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (score < 0) *--at = '-';
    const long file =
        raw_syscall(SYS_openat, AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0) return problem_of(SpawnStage::oom_score, file);
    return problem_of(SpawnStage::oom_score,
                      raw_syscall(SYS_write, file, at, text + sizeof text - at));
}

Problem set_limits(const Settings& settings) {
    for (std::uint32_t resource = 0; resource < Settings::limit_count; ++resource) {
        if ((settings.has_limit & (1U << resource)) == 0) continue;
        // As the kernel lays out struct rlimit64.
        const long result =
            raw_syscall(SYS_prlimit64, 0, resource, &settings.limits[resource], nullptr);
        if (result < 0) return problem_of(SpawnStage::limits, result);
    }
    return std::nullopt;
}

/// A service that opens /dev/stdout opens our pipe by its name, and would be refused.
void hand_over_streams(const Settings& settings) {
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        const bool is_ours =
            stream != STDIN_FILENO || settings.has_any(Settings::terminal | Settings::open_input);
        if (is_ours) raw_syscall(SYS_fchown, stream, settings.user, settings.group);
    }
}

// ---- Capabilities -------------------------------------------------------------------------------

constexpr unsigned capability_end = 64;

bool holds(std::uint64_t set, unsigned capability) {
    return (set >> capability & 1) != 0;
}

Problem cut_bounding_set(const Settings& settings) {
    for (unsigned capability = 0; capability < capability_end; ++capability) {
        if (holds(settings.bounding, capability)) continue;
        const long result = raw_syscall(SYS_prctl, PR_CAPBSET_DROP, capability, 0, 0, 0);
        if (result == -EINVAL) return std::nullopt;  // Beyond the last one of this kernel.
        if (result < 0) return problem_of(SpawnStage::capabilities, result);
    }
    return std::nullopt;
}

struct CapabilitySets {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct halves[2] = {};

    std::uint64_t permitted() const {
        return std::uint64_t{halves[1].permitted} << 32 | halves[0].permitted;
    }
    void set(std::uint64_t permitted, std::uint64_t inheritable) {
        for (unsigned half = 0; half < 2; ++half) {
            halves[half].permitted = static_cast<__u32>(permitted >> (32 * half));
            halves[half].effective = halves[half].permitted;
            halves[half].inheritable = static_cast<__u32>(inheritable >> (32 * half));
        }
    }
};

/// Whoever is not root has after exec what is ambient, and nothing else.
Problem set_capabilities(const Settings& settings, bool is_root) {
    CapabilitySets sets;
    long result = raw_syscall(SYS_capget, &sets.header, sets.halves);
    if (result < 0) return problem_of(SpawnStage::capabilities, result);
    const std::uint64_t kept = is_root ? sets.permitted() & settings.bounding : 0;
    sets.set(kept | settings.ambient, settings.ambient);
    result = raw_syscall(SYS_capset, &sets.header, sets.halves);
    if (result < 0) return problem_of(SpawnStage::capabilities, result);
    raw_syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (unsigned capability = 0; capability < capability_end; ++capability) {
        if (!holds(settings.ambient, capability)) continue;
        result = raw_syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
        if (result < 0) return problem_of(SpawnStage::capabilities, result);
    }
    return std::nullopt;
}

// ---- User and groups ----------------------------------------------------------------------------

/// Real, effective and saved ones: with one of them left there would be a way back.
bool are_all(std::uint32_t id, const std::uint32_t (&ids)[3]) {
    return ids[0] == id && ids[1] == id && ids[2] == id;
}

Problem take_groups(const Settings& settings, const char* groups) {
    long result = raw_syscall(SYS_setgroups, settings.group_count, groups);
    if (result < 0) return problem_of(SpawnStage::groups, result);
    result = raw_syscall(SYS_setresgid, settings.group, settings.group, settings.group);
    if (result < 0) return problem_of(SpawnStage::groups, result);
    std::uint32_t ids[3] = {};
    raw_syscall(SYS_getresgid, &ids[0], &ids[1], &ids[2]);
    const bool has_become =
        are_all(settings.group, ids) &&
        raw_syscall(SYS_getgroups, 0, nullptr) == static_cast<long>(settings.group_count);
    return has_become ? std::nullopt : problem_of(SpawnStage::groups, -EPERM);
}

Problem take_user(const Settings& settings) {
    const bool keeps_capabilities = settings.ambient != 0 && settings.user != 0;
    if (keeps_capabilities) raw_syscall(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
    const long result = raw_syscall(SYS_setresuid, settings.user, settings.user, settings.user);
    if (result < 0) return problem_of(SpawnStage::user, result);
    std::uint32_t ids[3] = {};
    raw_syscall(SYS_getresuid, &ids[0], &ids[1], &ids[2]);
    return are_all(settings.user, ids) ? std::nullopt : problem_of(SpawnStage::user, -EPERM);
}

}  // namespace

Problem apply_settings(const Settings& settings, const char* groups) {
    Problem problem;
    if (settings.has_any(Settings::umask)) raw_syscall(SYS_umask, settings.file_mode_mask);
    if (settings.has_any(Settings::oom_score_adj)) problem = set_oom_score(settings.oom_score);
    if (!problem && settings.has_any(Settings::nice)) {
        problem = problem_of(SpawnStage::nice,
                             raw_syscall(SYS_setpriority, PRIO_PROCESS, 0, settings.nice_value));
    }
    if (!problem) problem = set_limits(settings);
    const bool has_capabilities = settings.has_any(Settings::capabilities);
    if (!problem && has_capabilities) problem = cut_bounding_set(settings);
    if (!problem && settings.has_any(Settings::identity)) {
        hand_over_streams(settings);
        problem = take_groups(settings, groups);
        if (!problem) problem = take_user(settings);
    }
    if (!problem && has_capabilities) {
        problem = set_capabilities(settings, raw_syscall(SYS_geteuid) == 0);
    }
    if (!problem && settings.has_any(Settings::no_new_privileges)) {
        problem = problem_of(SpawnStage::capabilities,
                             raw_syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    }
    return problem;
}

Problem enter_cgroup(const Settings& settings, const char* path) {
    if (settings.cgroup_size == 0) return std::nullopt;
    const long file = raw_syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
    // "0" is whoever writes it.
    const long result = file < 0 ? file : raw_syscall(SYS_write, file, "0", 1);
    const bool is_needed = settings.has_any(Settings::cgroup_needed);
    return is_needed ? problem_of(SpawnStage::cgroup, result) : std::nullopt;
}

bool sets_file_limit(const Settings& settings) {
    return (settings.has_limit & (1U << RLIMIT_NOFILE)) != 0;
}

Problem take_terminal(const Settings& settings, int descriptor) {
    long result = raw_syscall(SYS_ioctl, descriptor, TIOCSCTTY, 0);
    if (result < 0) return problem_of(SpawnStage::terminal, result);
    termios mode{};
    result = raw_syscall(SYS_ioctl, descriptor, TCGETS, &mode);
    if (result < 0) return problem_of(SpawnStage::terminal, result);
    // A line ends with one character in the log.
    mode.c_oflag &= ~static_cast<tcflag_t>(OPOST | ONLCR);
    result = raw_syscall(SYS_ioctl, descriptor, TCSETS, &mode);
    if (result < 0) return problem_of(SpawnStage::terminal, result);
    const winsize size{settings.rows, settings.columns, 0, 0};
    return problem_of(SpawnStage::terminal, raw_syscall(SYS_ioctl, descriptor, TIOCSWINSZ, &size));
}

}  // namespace devstack::keeper
