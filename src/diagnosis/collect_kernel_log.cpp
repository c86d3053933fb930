#include "devstack/base/time.hpp"
#include "devstack/core/doctor/kernel_log.hpp"
#include "devstack/platform/clock.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace devstack::diagnosis {

namespace {

using std::chrono_literals::operator""h;
using core::doctor::KernelFact;

constexpr Duration age_max = 1h;
constexpr std::size_t messages_max = 100;

/// The kernel logs numbers of its first namespace, which are ours if we live in that. Its inode is
/// fixed: PROC_PID_INIT_INO of the kernel's include/linux/proc_ns.h.
bool are_pids_ours() {
    constexpr ino_t first = 0xEFFFFFFC;
    struct stat status {};
    return ::stat("/proc/self/ns/pid", &status) == 0 && status.st_ino == first;
}

/// Whoever died by a signal may be in a log that we may not read.
bool is_wanted(const Scene& scene) {
    return std::ranges::any_of(scene.services, [](const ServiceScene& it) {
        return it.fact.exit_signal != 0 && it.fact.exit_signal != SIGTERM;
    });
}

void read_records(int log, TimePoint now, WallTime wall_now, std::vector<KernelFact>& messages) {
    const bool has_pids = are_pids_ours();
    char buffer[8192];  // CONSOLE_EXT_LOG_MAX of the kernel: the size that no record exceeds.
    for (;;) {
        const ssize_t size = ::read(log, buffer, sizeof buffer);
        // EPIPE: records have been overwritten; the next read goes on behind them.
        if (size < 0 && (errno == EPIPE || errno == EINTR)) continue;
        if (size <= 0) return;
        const std::string_view text{buffer, static_cast<std::size_t>(size)};
        const auto record = core::doctor::read_kernel_record(text);
        if (!record) continue;
        const Duration age =
            now.time_since_epoch() - std::chrono::microseconds{record->microseconds};
        if (age > age_max) continue;
        auto fact = core::doctor::read_kernel_message(record->text);
        if (!fact) continue;
        if (!has_pids) fact->pid = 0;
        fact->age_seconds = std::chrono::duration<double>(age).count();
        fact->time = render_timestamp(wall_now - age);
        messages.push_back(std::move(*fact));
    }
}

}  // namespace

Facts collect_kernel_log(const Scene& scene) {
    Facts facts;
    const int log = ::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (log < 0) {
        const bool is_forbidden = errno == EPERM || errno == EACCES;
        if (is_forbidden && is_wanted(scene)) {
            facts.unseen.emplace_back("the kernel's log (dmesg): run as root to see it");
        }
        return facts;
    }
    read_records(log, platform::now(), platform::wall_now(), facts.kernel);
    ::close(log);
    if (facts.kernel.size() > messages_max) {
        facts.kernel.erase(facts.kernel.begin(), facts.kernel.end() - messages_max);
    }
    return facts;
}

}  // namespace devstack::diagnosis
